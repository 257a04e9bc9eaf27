/** The RPCs that a hunter makes on one connection. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Client, ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { limits } from "../config/limits.ts";
import type { Dialer } from "../dial/dialer.ts";
import {
  DataService,
  type StreamControl,
  StreamControlSchema,
} from "../wire/gen/lippycat/data/data_pb.ts";
import {
  type HunterHeartbeat,
  HunterHeartbeatSchema,
  type HunterRegistration,
  HunterRegistrationSchema,
  ManagementService,
  type ProcessorHeartbeat,
  ProcessorHeartbeatSchema,
  type RegistrationResponse,
  RegistrationResponseSchema,
} from "../wire/gen/lippycat/management/management_pb.ts";

export type PacketCall = ClientDuplexStream<Buffer, StreamControl>;
export type HeartbeatCall = ClientDuplexStream<HunterHeartbeat, ProcessorHeartbeat>;

/** One connection to a processor; after a failure a new one is made. */
export interface ProcessorClient {
  /** Rejects with a `ServiceError`. */
  register(registration: HunterRegistration): Promise<RegistrationResponse>;
  /** Takes encoded PacketBatch messages as they are. */
  openPackets(): PacketCall;
  openHeartbeat(): HeartbeatCall;
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
    register: (registration) => register(client, registration),
    openPackets: () =>
      client.makeBidiStreamRequest<Buffer, StreamControl>(
        `/${DataService.typeName}/${DataService.method.streamPackets.name}`,
        (message) => message,
        (bytes) => fromBinary(StreamControlSchema, bytes),
      ),
    openHeartbeat: () =>
      client.makeBidiStreamRequest<HunterHeartbeat, ProcessorHeartbeat>(
        `/${ManagementService.typeName}/${ManagementService.method.heartbeat.name}`,
        (message) => Buffer.from(toBinary(HunterHeartbeatSchema, message)),
        (bytes) => fromBinary(ProcessorHeartbeatSchema, bytes),
      ),
    close: () => client.close(),
  };
}

function register(client: Client, registration: HunterRegistration): Promise<RegistrationResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<RegistrationResponse>();
  client.makeUnaryRequest(
    `/${ManagementService.typeName}/${ManagementService.method.registerHunter.name}`,
    (message: HunterRegistration) => Buffer.from(toBinary(HunterRegistrationSchema, message)),
    (bytes) => fromBinary(RegistrationResponseSchema, bytes),
    registration,
    { deadline: Date.now() + limits.huntRegisterMsMax },
    (error: ServiceError | null, response?: RegistrationResponse) => {
      if (error !== null) reject(error);
      else if (response === undefined) reject(new Error("an answer without a message"));
      else resolve(response);
    },
  );
  return promise;
}
