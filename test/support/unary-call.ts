/** One unary RPC of any service, with what the existing clients set on it. */
import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type CallOptions, createClient } from "@connectrpc/connect";
import type * as grpc from "@grpc/grpc-js";
import { createGrpcTransport } from "../../src/dial/transport.ts";

/** Rejects with a ConnectError. No deadline unless one is given. */
export function unaryRpc<M extends DescMethodUnary>(
  client: grpc.Client,
  method: M,
  request: MessageInitShape<M["input"]>,
  deadlineMs?: number,
): Promise<MessageShape<M["output"]>> {
  type Rpc = (request: unknown, options: CallOptions) => Promise<MessageShape<M["output"]>>;
  const rpcs: unknown = createClient(method.parent, createGrpcTransport(client));
  const call = (rpcs as Record<string, Rpc>)[method.localName] as Rpc;
  return call(request, deadlineMs === undefined ? {} : { timeoutMs: deadlineMs });
}
