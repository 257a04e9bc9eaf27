/** How long a client waits for an RPC (gRPC over HTTP/2, "Requests", Timeout). */
import type { HeaderPairs } from "../http2/header-encoder.ts";
import { fieldOf } from "../http2/header-list.ts";

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};
/** More than a timer has: 24 days are as good as none. */
const timerMsMax = 0x7fff_ffff;

/** Milliseconds of `grpc-timeout`; undefined without one that counts, a text when there is no telling. */
export function timeoutOf(fields: HeaderPairs): number | string | undefined {
  const value = fieldOf(fields, "grpc-timeout");
  if (value === undefined) return undefined;
  const [, digits, unit = ""] = /^([0-9]{1,8})([HMSmun])$/.exec(value) ?? [];
  const factor = unitMs[unit];
  if (digits === undefined || factor === undefined) return "a grpc-timeout that is none";
  const timeoutMs = Math.ceil(Number(digits) * factor);
  return timeoutMs > timerMsMax ? undefined : timeoutMs;
}
