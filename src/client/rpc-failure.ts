/** Turns a failed RPC into an error with words and an exit status. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { WeirError } from "../base/errors.ts";
import { cutText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { showDuration } from "../config/quantity.ts";
import type { Dialer } from "../dial/dialer.ts";
import { isForeign } from "../grpc/rpc-reason.ts";

/** The RPC that failed. */
export interface FailedRpc {
  readonly dialer: Pick<Dialer, "address" | "reasonOf">;
  /** Its name without the service. */
  readonly method: string;
  readonly callMsMax: number;
}

/**
 * By exit code (docs/wire.md#command-line-client): these codes, and `call-failed` for any other.
 * `call-unknown` is of those: an older node may lack what was asked.
 */
const codes: Readonly<Partial<Record<Code, string>>> = {
  [Code.Unavailable]: "node-unreachable",
  [Code.DeadlineExceeded]: "node-unreachable",
  [Code.InvalidArgument]: "request-refused",
  [Code.FailedPrecondition]: "request-refused",
  [Code.NotFound]: "not-found",
  [Code.Unimplemented]: "call-unknown",
};

/** Why a node did not do what it was asked, in one line for a person. */
export function rpcFailure(rpc: FailedRpc, error: ConnectError): WeirError {
  const { code } = error;
  const text = cutText(failureText(rpc, code, error.rawMessage), limits.logMessageCharsMax);
  const retryable = code === Code.Unavailable || code === Code.DeadlineExceeded;
  return new WeirError(codes[code] ?? "call-failed", text, { retryable, cause: error });
}

function failureText(rpc: FailedRpc, code: Code, details: string): string {
  const { method } = rpc;
  const { address } = rpc.dialer;
  const reason = rpc.dialer.reasonOf({ code, details });
  if (isForeign(details)) return `cannot reach a node at ${address}: ${reason}`;
  if (code === Code.Unavailable) return `cannot reach ${address}: ${reason}`;
  if (code === Code.DeadlineExceeded) {
    return `${address} did not answer within ${showDuration(rpc.callMsMax)}`;
  }
  if (code === Code.Unauthenticated) return `${address} refuses: ${reason}`;
  if (code === Code.PermissionDenied) return `${address} refuses: ${details}`;
  if (code === Code.Unimplemented) {
    return `${address} does not know the RPC ${method}: the node may be an older version`;
  }
  if (/^Received message larger than max/.test(details)) {
    const mebibytes = limits.clientMessageBytesMax / 2 ** 20;
    return `the answer of ${address} is larger than ${mebibytes} MiB`;
  }
  if (codes[code] === undefined || details === "") return `${address}: ${reason}`;
  return `${address} refuses: ${details}`;
}
