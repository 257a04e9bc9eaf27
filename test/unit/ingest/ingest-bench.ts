/** An ingest over a fake sink, with streams to send batches on. */
import type { HunterStream } from "../../../src/ingest/hunter-stream.ts";
import { Ingest, type IngestOptions } from "../../../src/ingest/ingest.ts";
import {
  Board,
  createBoardMemory,
  type ShardCounter,
  shardCounter,
} from "../../../src/pipeline/board.ts";
import { type BatchToEncode, encodeBatch } from "../../support/encode-batch.ts";
import { FakePort } from "./fake-port.ts";
import { FakeSink } from "./fake-sink.ts";

export interface TestStream {
  readonly port: FakePort;
  readonly stream: HunterStream;
  /** Gives ingest one message; its answer. The bytes are overwritten when they are ours again. */
  send(batch: BatchToEncode | Uint8Array): boolean;
}

export const capacityBytes = 1000;

export class TestIngest {
  readonly board = new Board(createBoardMemory(1));
  readonly sink = new FakeSink();
  readonly ingest: Ingest;

  constructor(more: Partial<IngestOptions> = {}) {
    const { board, sink } = this;
    this.ingest = new Ingest({ board, row: board.row(0), sink, capacityBytes, ...more });
  }

  open(peer?: string): TestStream {
    const port = new FakePort(peer);
    const stream = this.ingest.open(port);
    const send = (batch: BatchToEncode | Uint8Array): boolean => {
      const bytes = batch instanceof Uint8Array ? batch : encodeBatch(batch);
      // Longer than the message, as a reused buffer of the door is.
      const message = Buffer.alloc(bytes.length + 7, 0x55);
      message.set(bytes);
      const goOn = this.ingest.receive(stream, message, bytes.length);
      if (goOn) message.fill(0x55);
      return goOn;
    };
    return { port, stream, send };
  }

  count(name: ShardCounter): number {
    return this.board.row(0).counters[shardCounter(name)] as number;
  }

  /** Makes the recorder's queue look filled to this share. */
  fill(share: number): void {
    this.board.row(0).setHead(share * capacityBytes);
    this.ingest.settle();
  }
}

/** A batch of packets with these texts as data. */
export function batchOf(sequence: number, ...texts: string[]): BatchToEncode {
  const packets = texts.map((text) => ({ data: Buffer.from(text) }));
  return { hunterId: "h", sequence: BigInt(sequence), packets };
}
