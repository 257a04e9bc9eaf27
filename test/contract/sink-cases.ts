/** Every sink, ready to be offered batches, with what it stored to look at. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { RingWriter } from "../../src/pipeline/ring.ts";
import { discardSink, type Sink } from "../../src/pipeline/sink.ts";
import { RecordSink } from "../../src/record/record-sink.ts";
import { parseCapture, type ReadPacket } from "../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../support/record-in-process.ts";

export interface OpenSink {
  /** One per shard; they share what is behind them. */
  readonly sinks: readonly Sink[];
  /** What is stored now, as somebody would find it after a kill -9; undefined when nothing is kept. */
  stored(): readonly ReadPacket[] | undefined;
  /** Nothing more is offered: what was is stored when this ends. */
  drain(): Promise<void>;
  remove(): void;
}

export interface SinkCase {
  readonly name: string;
  /** `bytes` is what a sink with a queue may hold for one shard. */
  open(shards: number, bytes: number): Promise<OpenSink>;
}

const discard: SinkCase = {
  name: "discard",
  open: async (shards) => ({
    sinks: Array.from({ length: shards }, () => discardSink),
    stored: () => undefined,
    drain: async () => {},
    remove: () => {},
  }),
};

function record(extension: "pcapng" | "pcap", ack: "written" | "synced"): SinkCase {
  return {
    name: `record ${extension} ${ack}`,
    async open(shards, bytes) {
      const directory = temporaryDirectory("sink");
      const path = join(directory, `contract.${extension}`);
      const config = recorderConfig(path, { ack });
      const node = await recordInProcess(config, { shards, ringBytes: bytes });
      const sinks = node.memories.map((memory, shard) => {
        node.fillers[shard]?.publish();
        const ring = new RingWriter(memory, node.board, shard, bytes * shards);
        return new RecordSink(ring, node.board.row(shard), systemClock);
      });
      return {
        sinks,
        stored: () => parseCapture(withoutTornTail(readFileSync(path))).packets,
        async drain() {
          const { packetsUnwritten } = await node.recorder.drain(10_000);
          if (packetsUnwritten > 0) throw new Error("packets were left in the rings");
        },
        remove: () => rmSync(directory, { recursive: true }),
      };
    },
  };
}

/** A file is looked at while it is written: its last block may be half there. */
function withoutTornTail(file: Buffer): Buffer {
  const pcapng = file.length >= 4 && file.readUInt32LE(0) === 0x0a0d0d0a;
  const headerBytes = pcapng ? 8 : 16;
  let at = pcapng ? 0 : 24;
  for (;;) {
    if (at + headerBytes > file.length) return file.subarray(0, at);
    const length = pcapng ? file.readUInt32LE(at + 4) : 16 + file.readUInt32LE(at + 8);
    if (length < 12 || at + length > file.length) return file.subarray(0, at);
    at += length;
  }
}

export const sinkCases: readonly SinkCase[] = [
  discard,
  record("pcapng", "written"),
  record("pcapng", "synced"),
  record("pcap", "written"),
  record("pcap", "synced"),
];
