/** A packet stream's transport that keeps what ingest sends, decoded. */

import { fromBinary } from "@bufbuild/protobuf";
import type { GrpcStatus } from "../../../src/grpc/grpc-status.ts";
import type { StreamPort } from "../../../src/ingest/stream-port.ts";
import {
  type FlowControl,
  StreamControlSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";

export interface SentControl {
  readonly sequence: bigint;
  readonly flow: FlowControl;
  readonly error: string;
}

export class FakePort implements StreamPort {
  readonly peer: string;
  readonly sent: SentControl[] = [];
  /** How often ingest said to read on. */
  resumes = 0;
  status: GrpcStatus | undefined = undefined;
  unread = 0;
  onResume: () => void = () => {};

  constructor(peer = "10.0.0.1:4000") {
    this.peer = peer;
  }

  /** The hunters that this stream may not carry. */
  readonly foreign = new Set<string>();

  refusalOf(hunterId: string): GrpcStatus | undefined {
    return this.foreign.has(hunterId) ? { code: 7, message: `not ${hunterId}` } : undefined;
  }

  /** Bytes that ingest was not given. */
  holds = false;

  holdsBytes(): boolean {
    return this.holds;
  }

  unreadBytes(): number {
    return this.unread;
  }

  write(frames: Buffer): void {
    if (this.status !== undefined) throw new Error("written after the end");
    for (let at = 0; at < frames.length; ) {
      if (frames[at] !== 0) throw new Error("a compressed message");
      const length = frames.readUInt32BE(at + 1);
      const message = fromBinary(StreamControlSchema, frames.subarray(at + 5, at + 5 + length));
      const { ackSequence, flowControl, error } = message;
      this.sent.push({ sequence: ackSequence, flow: flowControl, error });
      at += 5 + length;
      if (at > frames.length) throw new Error("a torn message");
    }
  }

  resume(): void {
    this.resumes++;
    this.onResume();
  }

  end(status: GrpcStatus): void {
    if (this.status !== undefined) throw new Error("ended twice");
    this.status = status;
  }

  /** Sequences acknowledged, in order. Batches of tests start at 1. */
  get acked(): number[] {
    return this.sent
      .filter(({ sequence }) => sequence > 0n)
      .map(({ sequence }) => Number(sequence));
  }

  /** Unprompted levels, in order. */
  get signals(): FlowControl[] {
    return this.sent.filter(({ sequence }) => sequence === 0n).map(({ flow }) => flow);
  }
}
