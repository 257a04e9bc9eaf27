import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { Board, createBoardMemory, shardCounter } from "../../../src/pipeline/board.ts";
import { RingReader, RingWriter } from "../../../src/pipeline/ring.ts";
import { RecordSink } from "../../../src/record/record-sink.ts";
import { ringBlock } from "../../../src/record/ring-blocks.ts";
import { type BatchToEncode, makeBatch, type PacketToEncode } from "../../support/encode-batch.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

function makeSink(ringBytes: number, clock: Clock = systemClock) {
  const board = new Board(createBoardMemory(1));
  const row = board.row(0);
  const memory = new SharedArrayBuffer(ringBytes);
  const ring = new RingWriter(memory, board, 0, ringBytes);
  const reader = new RingReader(memory, board, 0);
  const count = (name: Parameters<typeof shardCounter>[0]): number =>
    row.counters[shardCounter(name)] as number;
  return { sink: new RecordSink(ring, row, clock), reader, count };
}

/** Types of the blocks that stand in the ring; they are done then. */
function takeBlocks(reader: RingReader): number[] {
  const types: number[] = [];
  const head = reader.head();
  for (let offset = reader.next(head); offset >= 0; offset = reader.next(head)) {
    types.push(reader.words[offset >>> 2] as number);
    reader.position += reader.words[(offset >>> 2) + 1] as number;
  }
  reader.release(reader.position);
  return types;
}

const packet = (length: number, more: Partial<PacketToEncode> = {}): PacketToEncode => ({
  data: new Uint8Array(length).fill(length),
  interfaceName: "eth0",
  ...more,
});

const { reset, interface: announced, packet: laid, statistics } = ringBlock;

describe("the record sink", () => {
  test("says that it begins, and names an interface before its first packet", () => {
    const { sink, reader, count } = makeSink(4096);
    const packets = [packet(10), packet(11), packet(12, { interfaceName: "eth1" })];
    expect(sink.offer(makeBatch({ packets }), 0)).toBe(3);
    expect(takeBlocks(reader)).toEqual([reset, announced, laid, laid, announced, laid]);
    expect(sink.offer(makeBatch({ packets }), 0)).toBe(3);
    expect(takeBlocks(reader)).toEqual([laid, laid, laid]);
    expect(count("recordOffered")).toBe(6);
    expect(sink.done()).toBe(sink.position());
  });

  test("leaves out what was rejected, at the end too", () => {
    const { sink, reader, count } = makeSink(4096);
    const batch = makeBatch({ packets: [packet(1), packet(2), packet(3)] });
    batch.rejections[0] = 1;
    batch.rejections[2] = 2;
    expect(sink.offer(batch, 0)).toBe(3);
    expect(takeBlocks(reader)).toEqual([reset, announced, laid]);
    expect(count("recordOffered")).toBe(1);
  });

  test("clamps what a file cannot hold, and counts it", () => {
    const { sink, reader, count } = makeSink(4096);
    const packets = [packet(8, { timeNs: -5n }), packet(8, { originalLength: 3 })];
    sink.offer(makeBatch({ packets }), 0);
    expect([count("timesClamped"), count("originalLengthsClamped")]).toEqual([1, 1]);
    reader.position = 8;
    reader.position += reader.words[(reader.position >>> 2) + 1] as number;
    const first = reader.position >>> 2;
    expect([...reader.words.slice(first + 3, first + 7)]).toEqual([0, 0, 8, 8]);
    expect(reader.words[first + 10 + 6]).toBe(8);
  });

  test("lays a hunter's counters at most once a second", () => {
    let nowMs = 5000;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const { sink, reader } = makeSink(4096, clock);
    const batch = makeBatch({ packets: [packet(4)], stats: { captured: 9n, dropped: 1n } });
    sink.offer(batch, 0);
    expect(takeBlocks(reader)).toEqual([reset, announced, laid, statistics]);
    sink.offer(batch, 0);
    expect(takeBlocks(reader)).toEqual([laid]);
    nowMs += 1000;
    sink.offer(batch, 0);
    expect(takeBlocks(reader)).toEqual([laid, statistics]);
  });

  test("lays no counters for an interface that found no room for its block", () => {
    let tight = 0;
    for (let filler = 0; filler < 320; filler += 4) {
      const { sink, reader } = makeSink(512);
      sink.offer(makeBatch({ packets: [packet(filler)] }), 0);
      const name = "a longer name of an interface";
      const batch: BatchToEncode = {
        packets: [packet(100), packet(4, { interfaceName: name })],
        stats: { captured: 1n, dropped: 0n },
      };
      const taken = sink.offer(makeBatch(batch), 0);
      const blocks = takeBlocks(reader).slice(3);
      if (taken !== 1 || blocks.includes(announced)) continue;
      expect(blocks).not.toContain(statistics);
      tight++;
    }
    expect(tight).toBeGreaterThan(0);
  });

  test("takes the rest later, when a batch is larger than the ring", () => {
    const { sink, reader, count } = makeSink(4096);
    const packets = Array.from({ length: 200 }, (_, index) => packet(index));
    const batch = makeBatch({ packets });
    let from = 0;
    let rounds = 0;
    let found = 0;
    while (from < 200) {
      const next = sink.offer(batch, from);
      expect(next).toBeGreaterThan(from);
      from = next;
      found += takeBlocks(reader).filter((type) => type === laid).length;
      rounds++;
    }
    expect(rounds).toBeGreaterThan(4);
    expect([found, count("recordOffered")]).toEqual([200, 200]);
  });

  test("counts a packet of the overflow interface once, however often it is offered", () => {
    const { sink, reader, count } = makeSink(16 * 1024 * 1024);
    const packets = Array.from({ length: limits.interfacesMax }, (_, index) =>
      packet(1, { interfaceName: "", interfaceIndex: index }),
    );
    const batch = makeBatch({ packets });
    expect(sink.offer(batch, 0)).toBe(limits.interfacesMax);
    takeBlocks(reader);
    const late = makeBatch({ packets: [packet(1, { interfaceName: "late" })] });
    expect(sink.offer(late, 0)).toBe(1);
    expect(count("interfacesOverflowed")).toBe(1);
  });

  test("ids and names that look alike when joined stay apart in the file", async () => {
    const directory = temporaryDirectory("record-sink");
    try {
      const path = join(directory, "joined.pcapng");
      const { board, memories, fillers, recorder } = await recordInProcess(recorderConfig(path));
      fillers[0]?.publish();
      const ring = new RingWriter(
        memories[0] as SharedArrayBuffer,
        board,
        0,
        limits.recordRingBytes,
      );
      const sink = new RecordSink(ring, board.row(0), systemClock);
      const pairs = [
        ["c", "a\0b"],
        ["b\0c", "a"],
        ["b0c", "a"],
        ["b\\u0000c", "a"],
      ] as const;
      for (const [number, [hunterId, interfaceName]] of pairs.entries()) {
        sink.offer(
          makeBatch({ hunterId, packets: [packet(number, { interfaceName })] }, number),
          0,
        );
      }
      await recorder.drain(5000);
      const read = readCapture(path).packets.map((one) => [one.hunter, one.interface]);
      expect(read).toEqual([
        ["c", "a\\u0000b"],
        ["b\\u0000c", "a"],
        ["b0c", "a"],
        ["b\\u005cu0000c", "a"],
      ]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
