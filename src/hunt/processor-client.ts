import { isIPv6 } from "node:net";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { Endpoint } from "../config/endpoint.ts";
import { limits } from "../config/limits.ts";
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
  // Between two attempts the hunter waits by its own backoff, which must not meet a second one.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.keepalive_time_ms": limits.keepaliveIntervalMs,
  "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_send_message_length": limits.messageBytesMax,
} as const;

export function connectProcessor(endpoint: Endpoint): ProcessorClient {
  const client = new Client(endpointText(endpoint), credentials.createInsecure(), channelOptions);
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

/** `host:port`, with brackets around an IPv6 address. */
export function endpointText(endpoint: Endpoint): string {
  const host = isIPv6(endpoint.host) ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

/** What grpc-js says when the other side is no gRPC server. */
const foreignReasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/Protocol error/, "what answers there does not speak gRPC (HTTP/2)"],
  [
    /Received HTTP status code (\d+)/,
    "it answers with HTTP status $1, as web servers do, and not with gRPC",
  ],
  [/Call ended without gRPC status/, "it ended the call without a gRPC status"],
];

const connectReasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/ECONNREFUSED/, "connection refused"],
  [/ENOTFOUND|Name resolution failed|EAI_/, "its name is not known"],
  [/ETIMEDOUT|timed out/i, "it does not answer"],
  [/EHOSTUNREACH|ENETUNREACH/, "no route to it"],
  [/ECONNRESET/, "connection reset"],
  [/Failed to connect/, "it closes connections at once: it may be full, or want TLS"],
];

/** Whether an error of a call shows that something else than a gRPC server is at the address. */
export function isForeign(details: string): boolean {
  return foreignReasons.some(([pattern]) => pattern.test(details));
}

/** grpc-js puts the time of the attempt into its text, which makes the same reason look new. */
const connectionFrame =
  /^No connection established\. Last error: (.*?)(?: \([\d-]+T[\d:.]+Z\))?\. Resolution note: ?$/;

/** Why a call failed, for a person: the reason in words where it is known, else code and text. */
export function callReason(code: number, details: string): string {
  for (const [pattern, text] of foreignReasons) {
    const found = pattern.exec(details);
    if (found !== null) return text.replace("$1", found[1] ?? "");
  }
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) {
    const known = connectReasons.find(([pattern]) => pattern.test(details));
    if (known !== undefined) return known[1];
    if (code === status.DEADLINE_EXCEEDED) return "it does not answer";
  }
  const name = status[code] ?? `code ${code}`;
  const text = details.replace(connectionFrame, "$1");
  return text === "" ? name : `${name}: ${text}`;
}
