import { describe, expect, test } from "bun:test";
import { Board, boardWord, createBoardMemory } from "../../../src/pipeline/board.ts";
import { RingReader, RingWriter, ringSkip } from "../../../src/pipeline/ring.ts";
import { seeded } from "../../support/seeded.ts";

interface Pair {
  readonly board: Board;
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

function makeRing(size: number, totalMax = size): Pair {
  const board = new Board(createBoardMemory(2));
  const memory = new SharedArrayBuffer(size);
  const writer = new RingWriter(memory, board, 0, totalMax);
  return { board, writer, reader: new RingReader(memory, board, 0) };
}

/** Lays one block that names itself: number, length, and the number again in its last word. */
function lay(writer: RingWriter, number: number, length: number): number {
  const offset = writer.reserve(length);
  if (offset < 0) return -1;
  writer.words.fill(number, offset >>> 2, (offset + length) >>> 2);
  writer.words[(offset >>> 2) + 1] = length;
  return offset;
}

/** Reads the next block; its number, or -1 when there is none. Throws when it is not whole. */
function take(reader: RingReader): number {
  const offset = reader.next(reader.head());
  if (offset < 0) return -1;
  const word = offset >>> 2;
  const number = reader.words[word] as number;
  const length = reader.words[word + 1] as number;
  for (let at = word + 2; at < (offset + length) >>> 2; at++) {
    if (reader.words[at] !== number) throw new Error(`block ${number} is torn at word ${at}`);
  }
  reader.position += length;
  return number;
}

describe("a ring", () => {
  test("shows a block only when it is published", () => {
    const { writer, reader } = makeRing(1024);
    lay(writer, 7, 16);
    expect(take(reader)).toBe(-1);
    writer.publish();
    expect(take(reader)).toBe(7);
    expect(take(reader)).toBe(-1);
    expect(writer.done()).toBe(0);
    reader.release(reader.position);
    expect(writer.done()).toBe(writer.position);
  });

  test("goes on at its start where a block does not fit before the end", () => {
    const { writer, reader } = makeRing(256);
    for (const number of [1, 2, 3]) lay(writer, number, 72);
    writer.publish();
    for (const number of [1, 2, 3]) expect(take(reader)).toBe(number);
    reader.release(144);
    expect(lay(writer, 4, 64)).toBe(0);
    expect(writer.words[216 / 4]).toBe(ringSkip);
    writer.publish();
    expect(take(reader)).toBe(4);
    expect(reader.position).toBe(256 + 64);
  });

  test("is full rather than overwrite what is not done, and says so again and again", () => {
    const { writer, reader } = makeRing(256);
    for (const number of [1, 2, 3, 4]) expect(lay(writer, number, 64)).toBeGreaterThanOrEqual(0);
    expect(lay(writer, 5, 64)).toBe(-1);
    const { position } = writer;
    expect(lay(writer, 5, 4)).toBe(-1);
    expect(writer.position).toBe(position);
    writer.publish();
    expect(take(reader)).toBe(1);
    // Read is not done.
    expect(lay(writer, 5, 64)).toBe(-1);
    reader.release(64);
    expect(lay(writer, 5, 64)).toBe(0);
  });

  test("starts over when it is idle, so that it touches little memory", () => {
    const { writer, reader } = makeRing(64 * 1024);
    const offsets = new Set<number>();
    for (let number = 1; number <= 500; number++) {
      offsets.add(lay(writer, number, 512));
      writer.publish();
      expect(take(reader)).toBe(number);
      reader.release(reader.position);
    }
    expect(Math.max(...offsets)).toBeLessThan(8 * 1024);
  });

  test("has all of its memory after it started over, though the reader has not followed", () => {
    const size = 64 * 1024;
    const { board, writer, reader } = makeRing(size);
    lay(writer, 0, size / 2);
    writer.publish();
    expect(take(reader)).toBe(0);
    reader.release(reader.position);
    for (let number = 1; number <= 64; number++) {
      expect(lay(writer, number, 1024)).toBe((number - 1) * 1024);
      writer.publish();
      expect(board.pendingBytes()).toBe(number * 1024);
    }
    expect(lay(writer, 65, 1024)).toBe(-1);
    for (let number = 1; number <= 64; number++) expect(take(reader)).toBe(number);
    reader.rewind();
    for (let number = 1; number <= 64; number++) expect(take(reader)).toBe(number);
    expect(take(reader)).toBe(-1);
  });

  test("starts over with a block that is longer than what lies before it", () => {
    const { writer, reader } = makeRing(1024);
    lay(writer, 1, 80);
    writer.publish();
    expect(take(reader)).toBe(1);
    reader.release(80);
    // Above a sixteenth of the ring, idle, and longer than what lies before it.
    lay(writer, 2, 512);
    writer.publish();
    expect(take(reader)).toBe(2);
    reader.release(reader.position);
  });

  test("takes every block of up to half its size when it is empty, wherever it stands", () => {
    for (let offset = 0; offset < 256; offset += 4) {
      const { writer, reader } = makeRing(256);
      if (offset > 0) {
        lay(writer, 1, Math.min(offset, 128));
        if (offset > 128) lay(writer, 1, Math.max(8, offset - 128));
        writer.publish();
        while (take(reader) >= 0);
        reader.release(reader.position);
      }
      expect(lay(writer, 2, 128)).toBeGreaterThanOrEqual(0);
      writer.publish();
      expect(take(reader)).toBe(2);
    }
  });

  test("has room while all rings together hold less than the ceiling", () => {
    const { board, writer, reader } = makeRing(1024, 100);
    expect(writer.hasRoom()).toBe(true);
    board.row(1).setHead(60);
    lay(writer, 1, 40);
    expect(writer.hasRoom()).toBe(true);
    writer.publish();
    expect(writer.hasRoom()).toBe(false);
    reader.release(40);
    expect(writer.hasRoom()).toBe(true);
  });

  test("rings the recorder's bell only while it sleeps", () => {
    const { board, writer } = makeRing(1024);
    lay(writer, 1, 16);
    writer.publish();
    expect(board.words[boardWord.recorderBell]).toBe(0);
    Atomics.store(board.words, boardWord.recorderSleeps, 1);
    lay(writer, 2, 16);
    writer.publish();
    writer.publish();
    expect(board.words[boardWord.recorderBell]).toBe(1);
  });

  test("is read again from the last released position after a rewind", () => {
    const { writer, reader } = makeRing(1024);
    for (const number of [1, 2, 3]) lay(writer, number, 16);
    writer.publish();
    take(reader);
    reader.release(reader.position);
    expect([take(reader), take(reader)]).toEqual([2, 3]);
    reader.rewind();
    expect([take(reader), take(reader), take(reader)]).toEqual([2, 3, -1]);
  });

  test("a writer that follows another overwrites what that one did not publish", () => {
    const { board, writer, reader } = makeRing(1024);
    lay(writer, 1, 16);
    writer.publish();
    lay(writer, 2, 16);
    const next = new RingWriter(writer.words.buffer as SharedArrayBuffer, board, 0, 1024);
    lay(next, 3, 16);
    next.publish();
    expect([take(reader), take(reader), take(reader)]).toEqual([1, 3, -1]);
  });
});

describe("what waits in a ring", () => {
  const size = 64 * 1024;
  const block = 1024;

  test("is what was laid since an idle ring started over", () => {
    const { board, writer, reader } = makeRing(size);
    for (let number = 0; number < 200; number++) {
      lay(writer, number, block);
      writer.publish();
      expect(board.pendingBytes()).toBe(block);
      expect(take(reader)).toBe(number);
      reader.release(reader.position);
      expect(board.pendingBytes()).toBe(0);
      expect(writer.done()).toBe(writer.position);
    }
  });

  test("is everything up to its size when it is busy", () => {
    const { board, writer } = makeRing(size);
    for (let laid = 1; laid <= size / block; laid++) {
      expect(lay(writer, laid, block)).toBe((laid - 1) * block);
      writer.publish();
      expect(board.pendingBytes()).toBe(laid * block);
    }
    expect(lay(writer, 0, block)).toBe(-1);
    expect(writer.hasRoom()).toBe(false);
  });

  test("is counted by a writer that follows one that died before it published its start", () => {
    const { board, writer } = makeRing(size);
    for (let number = 0; number < 8; number++) lay(writer, number, block);
    writer.publish();
    board.row(0).setTail(writer.position);
    expect(lay(writer, 9, block)).toBe(0);
    const next = new RingWriter(writer.words.buffer as SharedArrayBuffer, board, 0, size);
    lay(next, 10, block);
    next.publish();
    expect(board.pendingBytes()).toBe(block);
  });

  test("is never more than what was published, and nothing when all is done", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seeded(seed);
      const { board, writer, reader } = makeRing(2048);
      let undone: number[] = [];
      for (let step = 0; step < 200; step++) {
        const length = 4 * random.between(2, 256);
        if (lay(writer, step, length) >= 0) undone.push(length);
        writer.publish();
        expect(board.pendingBytes()).toBeGreaterThanOrEqual(undone.reduce((a, b) => a + b, 0));
        if (random.between(0, 2) > 0) continue;
        while (take(reader) >= 0);
        reader.release(reader.position);
        undone = [];
        expect(board.pendingBytes()).toBe(0);
      }
    }
  });
});

/** One run of random steps against a model: blocks come out whole, once, in order. */
function interleave(seed: number): void {
  const random = seeded(seed);
  const size = 8 * random.between(16, 400);
  const { writer, reader } = makeRing(size);
  const blockMax = size / 2;
  const laid: number[] = [];
  let published = 0;
  let read = 0;
  let number = 0;
  for (let step = 0; step < 400; step++) {
    const what = random.between(0, 9);
    if (what < 5) {
      const small = random.between(0, 3) > 0;
      const length = 4 * random.between(2, Math.floor((small ? size / 16 : blockMax) / 4));
      if (lay(writer, number, length) >= 0) laid.push(number++);
      else if (reader.head() === writer.position) {
        expect(writer.position - writer.done() > 0, `seed ${seed}: an empty ring refuses`).toBe(
          true,
        );
      }
    } else if (what < 7) {
      writer.publish();
      published = laid.length;
    } else if (what < 9) {
      for (let blocks = random.between(1, 8); blocks > 0; blocks--) {
        const found = take(reader);
        expect(found, `seed ${seed}, step ${step}`).toBe(
          read < published ? (laid[read] as number) : -1,
        );
        if (found >= 0) read++;
      }
    } else reader.release(reader.position);
    expect(writer.position - writer.done()).toBeLessThanOrEqual(size);
  }
  writer.publish();
  for (; read < laid.length; read++) expect(take(reader)).toBe(laid[read] as number);
  expect(take(reader)).toBe(-1);
}

test("random interleavings of writer and reader agree with a queue", () => {
  for (let seed = 1; seed <= 400; seed++) interleave(seed);
});
