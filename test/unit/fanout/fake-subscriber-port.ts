/** A live view's transport that takes what it is told to take. */

import { fromBinary } from "@bufbuild/protobuf";
import type { SubscriberPort } from "../../../src/fanout/subscriber-port.ts";
import type { GrpcStatus } from "../../../src/grpc/grpc-status.ts";
import type { FramedBytes } from "../../../src/http2/framed-bytes.ts";
import {
  type PacketBatch,
  PacketBatchSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { framesOf } from "../../support/http2-frames.ts";

export class FakeSubscriberPort implements SubscriberPort {
  readonly peer = "10.0.0.9:5000";
  readonly batches: PacketBatch[] = [];
  /** Bytes of each message. */
  readonly lengths: number[] = [];
  status: GrpcStatus | undefined = undefined;
  /** Reads nothing while true. */
  stalled = false;
  private unread: { frames: Buffer; taken: () => void }[] = [];

  write({ bytes, end }: FramedBytes, taken: () => void): void {
    const { frames, rest } = framesOf(bytes.subarray(0, end));
    if (rest > 0) throw new Error("the last frame is not whole");
    const content = Buffer.concat(frames.map(({ payload }) => payload));
    this.unread.push({ frames: content, taken });
    if (!this.stalled) this.read();
  }

  /** Takes everything that was written. */
  read(): void {
    for (const { frames, taken } of this.unread.splice(0)) {
      for (let at = 0; at < frames.length; ) {
        const length = frames.readUInt32BE(at + 1);
        this.lengths.push(length);
        this.batches.push(fromBinary(PacketBatchSchema, frames.subarray(at + 5, at + 5 + length)));
        at += 5 + length;
      }
      taken();
    }
  }

  end(status: GrpcStatus): void {
    this.status = status;
  }

  sequences(): number[] {
    return this.batches.map(({ sequence }) => Number(sequence));
  }
}
