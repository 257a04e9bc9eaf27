import { expect, test } from "bun:test";
import { Board, createBoardMemory } from "../../../src/pipeline/board.ts";
import { RingReader, RingWriter } from "../../../src/pipeline/ring.ts";

const size = 64 * 1024;
const block = 1024;

function createRing() {
  const board = new Board(createBoardMemory(1));
  const memory = new SharedArrayBuffer(size);
  return { board, writer: new RingWriter(memory, board, 0, size), memory };
}

function lay(writer: RingWriter, length: number): number {
  const offset = writer.reserve(length);
  if (offset >= 0) writer.words[offset >>> 2] = 1;
  writer.publish();
  return offset;
}

test("an idle ring that starts over holds only what was laid since", () => {
  const { board, writer, memory } = createRing();
  const reader = new RingReader(memory, board, 0);
  for (let laid = 0; laid < 200; laid++) {
    const offset = lay(writer, block);
    expect(board.pendingBytes()).toBe(block);
    expect(reader.next(reader.head())).toBe(offset);
    reader.position += block;
    reader.release(reader.position);
    expect(board.pendingBytes()).toBe(0);
    expect(writer.done()).toBe(writer.position);
  }
});

test("a busy ring counts everything up to its size", () => {
  const { board, writer } = createRing();
  for (let laid = 1; laid <= size / block; laid++) {
    expect(lay(writer, block)).toBe((laid - 1) * block);
    expect(board.pendingBytes()).toBe(laid * block);
  }
  expect(lay(writer, block)).toBe(-1);
  expect(writer.hasRoom()).toBe(false);
});

test("a writer that follows one that died before it published its start counts what it lays", () => {
  const { board, writer, memory } = createRing();
  for (let laid = 0; laid < 8; laid++) lay(writer, block);
  board.row(0).setTail(writer.position);
  expect(writer.reserve(block)).toBe(0);
  lay(new RingWriter(memory, board, 0, size), block);
  expect(board.pendingBytes()).toBe(block);
});
