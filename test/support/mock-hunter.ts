/** A hunter that speaks the wire through grpc-js and keeps account of every ack. */

import { fromBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { FlowControl, StreamControlSchema } from "../../src/wire/gen/lippycat/data/data_pb.ts";

export const streamPacketsPath = "/lippycat.data.DataService/StreamPackets";

export interface Ack {
  readonly sequence: bigint;
  readonly flow: FlowControl;
  readonly error: string;
}

export interface StreamEnd {
  readonly code: number;
  readonly details: string;
}

/** Makes `grpc.Client`s that do not share their connection, so that shards get many of them. */
export function connect(
  address: string,
  security: grpc.ChannelCredentials = grpc.credentials.createInsecure(),
): grpc.Client {
  return new grpc.Client(address, security, {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_send_message_length": -1,
    "grpc.max_receive_message_length": -1,
  });
}

const bytes = (message: Buffer): Buffer => message;

/** One StreamPackets call. Messages are encoded batches (`encodeBatch`). */
export class MockHunter {
  readonly client: grpc.Client;
  readonly call: grpc.ClientDuplexStream<Buffer, Buffer>;
  /** Acks in the order they came; unprompted signals are in `signals`. */
  readonly acks: Ack[] = [];
  /** StreamControls with ack_sequence 0. Batches of tests start at sequence 1. */
  readonly signals: Ack[] = [];
  end: StreamEnd | undefined = undefined;
  sent = 0;
  private waiters: (() => void)[] = [];

  constructor(address: string, client: grpc.Client = connect(address)) {
    this.client = client;
    this.call = client.makeBidiStreamRequest(streamPacketsPath, bytes, bytes);
    this.call.on("data", (message: Buffer) => {
      const control = fromBinary(StreamControlSchema, message);
      const ack: Ack = {
        sequence: control.ackSequence,
        flow: control.flowControl,
        error: control.error,
      };
      (ack.sequence === 0n ? this.signals : this.acks).push(ack);
      this.wake();
    });
    this.call.on("status", (status) => {
      this.end = { code: status.code, details: status.details };
      this.wake();
    });
    this.call.on("error", () => {});
  }

  /** Sends one encoded batch; false when the transport's buffer is full (see `drained`). */
  send(batch: Uint8Array): boolean {
    this.sent++;
    return this.call.write(Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength));
  }

  /** Sends, and waits for room when the transport's buffer is full or until the call ends. */
  async sendPaced(batch: Uint8Array): Promise<void> {
    if (this.send(batch) || this.end !== undefined) return;
    let drained = false;
    this.call.once("drain", () => {
      drained = true;
      this.wake();
    });
    await this.until(() => drained || this.end !== undefined);
  }

  /** The level that this hunter was told last. */
  get level(): FlowControl {
    return this.signals.at(-1)?.flow ?? FlowControl.FLOW_CONTINUE;
  }

  /** Resolves when it has been told that level, also when another has followed at once. */
  told(level: FlowControl): Promise<void> {
    return this.until(() => this.signals.some(({ flow }) => flow === level));
  }

  async waitAcks(count: number): Promise<void> {
    await this.until(() => this.acks.length >= count || this.end !== undefined);
    if (this.acks.length < count) {
      throw new Error(`${this.acks.length} of ${count} acks: ${JSON.stringify(this.end)}`);
    }
  }

  async waitEnd(): Promise<StreamEnd> {
    await this.until(() => this.end !== undefined);
    return this.end as StreamEnd;
  }

  /** Resolves when `condition` holds after an ack, a signal or the end of the call. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  halfClose(): void {
    this.call.end();
  }

  close(): void {
    this.call.cancel();
    this.client.close();
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
