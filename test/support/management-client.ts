/** The management RPCs of a hunter, on a connection of their own as the existing hunters have it. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createWritableIterable, type WritableIterable } from "@connectrpc/connect/protocol";
import type * as grpc from "@grpc/grpc-js";
import { createGrpcTransport } from "../../src/dial/transport.ts";
import {
  type HunterHeartbeatSchema,
  type HunterRegistrationSchema,
  ManagementService,
  type ProcessorHeartbeat,
  type RegistrationResponse,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { connect } from "./mock-hunter.ts";

type Beat = MessageInitShape<typeof HunterHeartbeatSchema>;

export class ManagementClient {
  readonly client: grpc.Client;
  readonly rpcs: Client<typeof ManagementService>;
  private readonly stop = new AbortController();
  private beats: WritableIterable<Beat> | undefined = undefined;
  private answers: AsyncIterator<ProcessorHeartbeat> | undefined = undefined;

  constructor(address: string, client: grpc.Client = connect(address)) {
    this.client = client;
    this.rpcs = createClient(ManagementService, createGrpcTransport(client));
  }

  /** Rejects with a ConnectError. */
  register(
    fields: MessageInitShape<typeof HunterRegistrationSchema>,
  ): Promise<RegistrationResponse> {
    return this.rpcs.registerHunter(fields);
  }

  /** Sends one heartbeat on a stream that stays open, and waits for its answer. */
  async heartbeat(fields: Beat): Promise<ProcessorHeartbeat> {
    const { signal } = this.stop;
    this.beats ??= createWritableIterable<Beat>();
    this.answers ??= this.rpcs.heartbeat(this.beats, { signal })[Symbol.asyncIterator]();
    const answer = this.answers.next();
    // What keeps it from being sent, the answer tells.
    this.beats.write(fields).catch(() => {});
    const { value, done } = await answer;
    if (done === true) throw new Error("the stream of heartbeats has ended");
    return value;
  }

  close(): void {
    this.stop.abort();
    this.client.close();
  }
}
