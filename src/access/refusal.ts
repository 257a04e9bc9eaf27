/** The statuses with which access refuses an RPC. */
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";

/** The same whatever is wrong with a key, or that there is none (docs/wire.md#roles). */
export const unauthenticated: GrpcStatus = {
  code: grpcCode.unauthenticated,
  message: "this RPC needs an API key (x-api-key) or a client certificate that allows it",
};

/** The holder of a certificate is known and may do other things: nothing is given away by saying so. */
export function permissionDenied(message: string): GrpcStatus {
  return { code: grpcCode.permissionDenied, message };
}

export const locked: GrpcStatus = {
  code: grpcCode.resourceExhausted,
  message: "too many wrong API keys came from this address; try again in a minute",
};
