/** What a hunter asks of a processor, over one connection. */
import { fromBinary } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { limits } from "../config/limits.ts";
import type { Dialer } from "../dial/dialer.ts";
import { createGrpcTransport } from "../dial/transport.ts";
import {
  DataService,
  type StreamControl,
  StreamControlSchema,
} from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";

export type PacketCall = ClientDuplexStream<Buffer, StreamControl>;

/** One connection to a processor; after a failure a new one is made. */
export interface ProcessorClient {
  readonly management: Client<typeof ManagementService>;
  /** Takes encoded PacketBatch messages as they are. */
  openPackets(): PacketCall;
  close(): void;
}

const channelOptions = {
  "grpc.keepalive_time_ms": limits.keepaliveIntervalMs,
  "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_send_message_length": limits.messageBytesMax,
} as const;

export function connectProcessor(dialer: Dialer): ProcessorClient {
  const client = dialer.connect(channelOptions);
  return {
    management: createClient(ManagementService, createGrpcTransport(client)),
    openPackets: () =>
      client.makeBidiStreamRequest<Buffer, StreamControl>(
        `/${DataService.typeName}/${DataService.method.streamPackets.name}`,
        (message) => message,
        (bytes) => fromBinary(StreamControlSchema, bytes),
      ),
    close: () => client.close(),
  };
}
