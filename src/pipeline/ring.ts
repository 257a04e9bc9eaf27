/**
 * Single-producer, single-consumer ring of bytes in shared memory: from one shard to the recorder,
 * without locks and without copies between threads. Blocks are contiguous; where one does not fit
 * before the end of the memory the writer leaves a skip mark (`record/ring-blocks.ts`) and goes on at
 * the start. A ring of which everything is done starts over there earlier.
 *
 * Positions count bytes from the birth of the ring and never wrap; the offset in memory is the
 * position modulo the size. They live in the board (`head` published, `tail` done).
 */
import { assert } from "../base/assert.ts";
import type { Board, BoardRow } from "./board.ts";
import { boardWord } from "./board.ts";

/** Type word of the mark that sends the reader back to the start of the memory. */
export const ringSkip = 0x4e00_00ff;

export class RingWriter {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly size: number;
  private readonly board: Board;
  private readonly row: BoardRow;
  private readonly totalMax: number;
  /** Position after the last reserved block. */
  private written: number;
  private published: number;
  /** Where the ring last started over. */
  private start: number;
  /** Nothing before it is needed any more. */
  private tail: number;

  /**
   * @param memory the ring, a multiple of 8 bytes
   * @param totalMax bytes that all rings together may hold undone
   */
  constructor(memory: SharedArrayBuffer, board: Board, shard: number, totalMax: number) {
    assert(memory.byteLength % 8 === 0, "a ring is a multiple of 8 bytes");
    this.bytes = Buffer.from(memory as unknown as ArrayBuffer);
    this.words = new Uint32Array(memory);
    this.size = memory.byteLength;
    this.board = board;
    this.row = board.row(shard);
    this.totalMax = totalMax;
    // A shard that died may have started over without publishing anything after that.
    this.start = this.row.start();
    this.written = Math.max(this.row.head(), this.start);
    this.published = this.written;
    this.tail = this.done();
  }

  /**
   * Makes room for one block of `length` bytes (a multiple of 4, at most half the ring) and returns
   * its offset in memory, or -1 when it does not fit now. What was reserved is invisible until
   * `publish`.
   */
  reserve(length: number): number {
    let offset = this.written % this.size;
    let skip = 0;
    if (offset + length > this.size) skip = this.size - offset;
    if (this.written + skip + length - this.tail > this.size) {
      this.tail = this.done();
      if (this.tail === this.written && offset > 0) skip = this.startOver(offset);
      if (this.written + skip + length - this.tail > this.size) return -1;
    } else if (offset > this.size >>> 4 && this.published === this.written) {
      this.tail = this.done();
      if (this.tail === this.written) skip = this.startOver(offset);
    }
    if (skip > 0) {
      this.words[offset >>> 2] = ringSkip;
      this.written += skip;
      offset = 0;
    }
    this.written += length;
    return offset;
  }

  /**
   * An idle ring goes back to the start of the memory, which keeps what it touches small and warm.
   * The reader follows by itself: were it to walk there, a recorder that stands still would leave the
   * skipped bytes unusable, and the ring would be full at once.
   */
  private startOver(offset: number): number {
    const skip = this.size - offset;
    this.start = this.written + skip;
    this.tail = this.start;
    this.row.setStart(this.start);
    return skip;
  }

  /** True while all rings together hold less than their ceiling. */
  hasRoom(): boolean {
    return this.board.pendingBytes() < this.totalMax;
  }

  /** Position after what was reserved last: done when the recorder's tail reaches it. */
  get position(): number {
    return this.written;
  }

  /** Makes everything reserved so far visible to the recorder, and wakes it when it sleeps. */
  publish(): void {
    if (this.published === this.written) return;
    this.published = this.written;
    this.row.setHead(this.written);
    const { words } = this.board;
    if (Atomics.load(words, boardWord.recorderSleeps) === 1)
      this.board.ring(boardWord.recorderBell);
  }

  /** Position up to which the recorder is done. */
  done(): number {
    this.tail = Math.max(this.row.tail(), this.start);
    return this.tail;
  }
}

/** The recorder's side of one ring. It reads ahead of `tail`, which moves only when a group is done. */
export class RingReader {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly size: number;
  private readonly row: BoardRow;
  /** Position of the next block to read. */
  position: number;

  constructor(memory: SharedArrayBuffer, board: Board, shard: number) {
    this.bytes = Buffer.from(memory as unknown as ArrayBuffer);
    this.words = new Uint32Array(memory);
    this.size = memory.byteLength;
    this.row = board.row(shard);
    this.position = this.row.tail();
  }

  /** Position up to which blocks may be read. */
  head(): number {
    return this.row.head();
  }

  /** Offset in memory of the next block, after any skip mark, or -1 when there is none before `head`. */
  next(head: number): number {
    if (this.position >= head) return -1;
    const start = this.row.start();
    if (this.position < start) this.position = start;
    if (this.position >= head) return -1;
    const offset = this.position % this.size;
    if (this.words[offset >>> 2] !== ringSkip) return offset;
    this.position += this.size - offset;
    return this.position < head ? 0 : -1;
  }

  /** Gives the bytes before `position` back to the writer: they are done. */
  release(position: number): void {
    this.row.setTail(position);
  }

  /** Goes back to the last released position: what was read since is read again. */
  rewind(): void {
    this.position = this.row.tail();
  }
}
