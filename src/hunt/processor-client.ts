/** What a hunter asks of a processor: control RPCs over one connection, packets over another. */

import { fromBinary } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { Dialer } from "../dial/dialer.ts";
import type { ConnectionEnds, Http2Channel } from "../dial/http2-channel.ts";
import { createGrpcTransport } from "../dial/transport.ts";
import type { ClientRpc } from "../grpc/client-rpc.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import {
  DataService,
  type StreamControl,
  StreamControlSchema,
} from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";

/** What comes of an RPC of StreamPackets. */
export interface PacketRpcEvents {
  onControl(control: StreamControl): void;
  /** Once, last. */
  onStatus(status: GrpcStatus): void;
}

/** Two connections to a processor; after a failure new ones are made. */
export interface ProcessorClient {
  readonly management: Client<typeof ManagementService>;
  /** Takes encoded PacketBatch messages, each behind its prefix; rejects with a `GrpcStatus`. */
  openPackets(): Promise<(events: PacketRpcEvents) => ClientRpc>;
  close(): void;
}

const channelOptions = {
  "grpc.keepalive_time_ms": limits.keepaliveIntervalMs,
  "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  "grpc.keepalive_permit_without_calls": 1,
} as const;

const path = `/${DataService.typeName}/${DataService.method.streamPackets.name}`;

/** @param onPacketConnection told the ends of the connection that carries packets */
export function connectProcessor(
  dialer: Dialer,
  onPacketConnection: (ends: ConnectionEnds) => void,
): ProcessorClient {
  const client = dialer.connect(channelOptions);
  let channel: Http2Channel | undefined;
  let isClosed = false;
  return {
    management: createClient(ManagementService, createGrpcTransport(client)),
    async openPackets() {
      const opened = await dialer.connectHttp2();
      channel = opened;
      onPacketConnection(opened.ends);
      if (isClosed) opened.close();
      return ({ onControl, onStatus }) => {
        const rpc = opened.open({
          path,
          messageBytesMax: limits.controlMessageBytesMax,
          onMessage: (bytes) => {
            let control: StreamControl;
            try {
              control = fromBinary(StreamControlSchema, bytes);
            } catch {
              onStatus({ code: grpcCode.internal, message: "an answer that is no StreamControl" });
              rpc.cancel();
              return;
            }
            onControl(control);
          },
          onStatus,
        });
        return rpc;
      };
    },
    close() {
      isClosed = true;
      client.close();
      channel?.close();
    },
  };
}
