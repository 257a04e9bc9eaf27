/** What an RPC rejects with. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { StatusObject } from "@grpc/grpc-js";
import { addMetadata } from "./rpc-headers.ts";

/**
 * Code and text (`rawMessage`) of a gRPC status that is not OK. The metadata are `header`, which came
 * before, and the trailers; the cause is the status.
 */
export function errorOfStatus(status: StatusObject, header: Headers): ConnectError {
  const metadata = new Headers(header);
  addMetadata(metadata, status.metadata);
  // The numbers of the codes are the same; Connect shows one that gRPC does not define as a number.
  const code: number = status.code;
  return new ConnectError(status.details, code as Code, metadata, [], status);
}

/** Of an RPC that its caller ended: `Canceled` with the text of the signal's reason. */
export function errorOfAbort(signal: AbortSignal): ConnectError {
  return ConnectError.from(signal.reason, Code.Canceled);
}
