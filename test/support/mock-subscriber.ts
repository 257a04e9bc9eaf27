/**
 * A live view over grpc-js with the limits of the existing terminal client (docs/wire.md#terminal-client):
 * it takes messages up to 4 MiB, and an error ends it.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  type PacketBatch,
  PacketBatchSchema,
  SubscribeRequestSchema,
} from "../../src/wire/gen/lippycat/data/data_pb.ts";
import type { StreamEnd } from "./mock-hunter.ts";

export const subscribePacketsPath = "/lippycat.data.DataService/SubscribePackets";

const bytes = (message: Buffer): Buffer => message;

export class MockSubscriber {
  readonly client: grpc.Client;
  readonly call: grpc.ClientReadableStream<Buffer>;
  /** Everything received, decoded. */
  readonly batches: PacketBatch[] = [];
  end: StreamEnd | undefined = undefined;
  private waiters: (() => void)[] = [];

  constructor(
    address: string,
    request: MessageInitShape<typeof SubscribeRequestSchema> = {},
    path: string = subscribePacketsPath,
    security: grpc.ChannelCredentials = grpc.credentials.createInsecure(),
  ) {
    this.client = new grpc.Client(address, security, {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": 4 * 1024 * 1024,
    });
    const message = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, request));
    this.call = this.client.makeServerStreamRequest(path, bytes, bytes, Buffer.from(message));
    this.call.on("data", (batch: Buffer) => {
      this.batches.push(fromBinary(PacketBatchSchema, batch));
      this.wake();
    });
    this.call.on("status", ({ code, details }) => {
      this.end = { code, details };
      this.wake();
    });
    this.call.on("error", () => {});
  }

  /** Sequences of the batches of one hunter, in the order they came. */
  sequencesOf(hunterId: string): number[] {
    const own = this.batches.filter((batch) => batch.hunterId === hunterId);
    return own.map(({ sequence }) => Number(sequence));
  }

  /** Reads nothing more, as a client that hangs. */
  stall(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  async waitEnd(): Promise<StreamEnd> {
    await this.until(() => this.end !== undefined);
    return this.end as StreamEnd;
  }

  /** Resolves when `condition` holds after a batch or the end; rejects when the call ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.end !== undefined) throw new Error(`ended: ${JSON.stringify(this.end)}`);
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  close(): void {
    this.call.cancel();
    this.client.close();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
