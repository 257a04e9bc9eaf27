/** Turns a failed RPC into an error with words and an exit status. */
import { type ServiceError, status } from "@grpc/grpc-js";
import { isForeign } from "../base/call-reason.ts";
import { WeirError } from "../base/errors.ts";
import { cutText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { showDuration } from "../config/quantity.ts";
import type { Dialer } from "../dial/dialer.ts";

/** The call that failed. */
export interface FailedCall {
  readonly dialer: Pick<Dialer, "address" | "reasonOf">;
  /** Its name without the service. */
  readonly method: string;
  readonly callMsMax: number;
}

/**
 * By exit code (docs/wire.md#command-line-client): these codes, and `call-failed` for any other.
 * `call-unknown` is of those: an older node may lack what was asked.
 */
const codes: Readonly<Partial<Record<status, string>>> = {
  [status.UNAVAILABLE]: "node-unreachable",
  [status.DEADLINE_EXCEEDED]: "node-unreachable",
  [status.INVALID_ARGUMENT]: "request-refused",
  [status.FAILED_PRECONDITION]: "request-refused",
  [status.NOT_FOUND]: "not-found",
  [status.UNIMPLEMENTED]: "call-unknown",
};

/** Why a node did not do what it was asked, in one line for a person. */
export function callFailure(call: FailedCall, error: ServiceError | null): WeirError {
  if (error === null) {
    return new WeirError("call-failed", `${call.dialer.address} answered without a message`);
  }
  const { code } = error;
  const text = cutText(failureText(call, code, error.details), limits.logMessageCharsMax);
  const retryable = code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
  return new WeirError(codes[code] ?? "call-failed", text, { retryable, cause: error });
}

function failureText(call: FailedCall, code: status, details: string): string {
  const { method } = call;
  const { address } = call.dialer;
  const reason = call.dialer.reasonOf({ code, details });
  if (isForeign(details)) return `cannot reach a node at ${address}: ${reason}`;
  if (code === status.UNAVAILABLE) return `cannot reach ${address}: ${reason}`;
  if (code === status.DEADLINE_EXCEEDED) {
    return `${address} did not answer within ${showDuration(call.callMsMax)}`;
  }
  if (code === status.UNAUTHENTICATED) return `${address} refuses: ${reason}`;
  if (code === status.PERMISSION_DENIED) return `${address} refuses: ${details}`;
  if (code === status.UNIMPLEMENTED) {
    return `${address} does not know the call ${method}: it may be an older program`;
  }
  if (/^Received message larger than max/.test(details)) {
    const mebibytes = limits.clientMessageBytesMax / 2 ** 20;
    return `the answer of ${address} is larger than ${mebibytes} MiB`;
  }
  if (codes[code] === undefined || details === "") return `${address}: ${reason}`;
  return `${address} refuses: ${details}`;
}
