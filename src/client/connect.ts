/**
 * The clients of a node: what `weir list`, `show`, `set` and `rm` ask it, and how they show what it
 * says (docs/wire.md#command-line-client).
 */
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { Dialer } from "../dial/dialer.ts";
import { createGrpcTransport } from "../dial/transport.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { rpcFailure } from "./rpc-failure.ts";

/**
 * The services of a node over one connection, which the first RPC makes. RPCs with one answer reject
 * with a `WeirError` of rpc-failure.ts.
 */
export interface NodeClient {
  readonly management: Client<typeof ManagementService>;
  readonly monitoring: Client<typeof MonitoringService>;
  close(): void;
}

const channelOptions = {
  "grpc.enable_retries": 0,
  // A node may have more filters than fit into the 4 MiB that the existing client takes.
  "grpc.max_receive_message_length": limits.clientMessageBytesMax,
} as const;

/** `callMsMax` is the deadline of each RPC. */
export function connectNode(dialer: Dialer, callMsMax: number = limits.clientRpcMsMax): NodeClient {
  const client = dialer.connect(channelOptions);
  const bare = createGrpcTransport(client);
  const transport: Transport = {
    ...bare,
    async unary(method, signal, timeoutMs, ...more) {
      try {
        return await bare.unary(method, signal, timeoutMs ?? callMsMax, ...more);
      } catch (error) {
        const rpc = { dialer, method: method.name, callMsMax };
        throw rpcFailure(rpc, ConnectError.from(error));
      }
    },
  };
  return {
    management: createClient(ManagementService, transport),
    monitoring: createClient(MonitoringService, transport),
    close: () => client.close(),
  };
}
