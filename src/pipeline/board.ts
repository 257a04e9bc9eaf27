/**
 * Seqlocks, event counts and shared counters: the board, the one piece of memory that every thread
 * sees. A seqlock (`BoardRow`: `beginWrite`, `endWrite`, `read`) is around each thread's counters of
 * the accounting equation. Event counts are the bells that wake a sleeping thread. Counters shared by
 * all threads keep the limits that hold over all shards. The positions of the rings stand beside them.
 *
 * Each word has one writer, named beside it; only the words of `boardWord` marked "any" are changed by
 * several threads, with Atomics.
 */
import { assert } from "../base/assert.ts";

/** 32-bit words that all threads share. */
export const boardWord = {
  /** Counts up when a ring gets data while the recorder sleeps. Any shard; the recorder waits on it. */
  recorderBell: 0,
  /** 1 while the recorder is about to sleep or asleep. Recorder. */
  recorderSleeps: 1,
  /** Counts up when something was done or the pressure changed. Any; the shards wait on it. */
  shardBell: 2,
  /** One of `recorderState`. Recorder. */
  recorderState: 3,
  /** Open connections, packet streams and live views over all shards. Any. */
  connections: 5,
  streams: 6,
  subscribers: 7,
} as const;

export const recorderState = {
  starting: 0,
  /** No file was asked for: there is no recorder and nothing waits for one. */
  off: 1,
  recording: 2,
  /** The last write failed (disk full, for example); it is tried again and again. */
  stalled: 3,
  /** Everything offered was written and the files are closed. */
  closed: 4,
} as const;

/** Counters of one shard, all running totals. Packets unless the name says otherwise. */
export const shardCounters = [
  "batchesReceived",
  "bytesReceived",
  "packetsReceived",
  "packetsAccepted",
  "rejectedCaptureLength",
  "rejectedTooLong",
  "rejectedLinkType",
  "rejectedShortHeader",
  "rejectedForeignHeader",
  "rejectedTooManyLinkTypes",
  "batchesUndecodable",
  "batchesAcked",
  "packetsAcked",
  /** Offered to the recorder: laid into the ring and visible to it. */
  "recordOffered",
  /** Accepted by a shard that died before it had offered them; nobody was told that they are safe. */
  "packetsAbandoned",
  "originalLengthsClamped",
  "timesClamped",
  "interfaceNamesRepaired",
  "interfacesOverflowed",
  "conversationsEvicted",
  "streamsOpened",
  "streamsClosed",
  "streamsRefused",
  /** RPCs that their callers may not make: src/access. */
  "rpcsRefused",
  /** Texts of hunters that live views do not get, since they are no UTF-8. */
  "stringsLeftOut",
] as const;

/** Counters of the recorder. */
export const recorderCounters = [
  /** Packets that are in a file as `--ack` demands. */
  "packetsWritten",
  "bytesWritten",
  "filesOpened",
  "filesDeleted",
  /** Packets that stood in files that the ring deleted. */
  "packetsDeleted",
  "writeFailures",
  "syncs",
] as const;

export type ShardCounter = (typeof shardCounters)[number];
export type RecorderCounter = (typeof recorderCounters)[number];

export const protocolsMax = 40;

const headBytes = 512;
const counterSlots = 32;
/** Per shard: 8 bytes each head, tail, start; 4 each version, heartbeat, open connections, open
 * streams, live views; then counters, then labels. */
const rowBytes = 64 + (counterSlots + protocolsMax) * 8;

/** A reader that finds changes under way looks again at once so often, then after each such time,
 * and takes what there is after so many of them. */
const readSpins = 100;
const readWaitMs = 1;
const readWaitsMax = 50;

/** Places in the 32-bit words of a row; 0 is the version and 1 the heartbeat. */
const openSlot = { connections: 2, streams: 3, subscribers: 4 } as const;

/** What is counted while it is open, over all shards together. */
export type OpenThing = keyof typeof openSlot;

/** What all threads get of the board; safe to post to a worker. */
export interface BoardMemory {
  readonly shared: SharedArrayBuffer;
  readonly shards: number;
}

export function createBoardMemory(shards: number): BoardMemory {
  return { shared: new SharedArrayBuffer(headBytes + (shards + 1) * rowBytes), shards };
}

export class Board {
  readonly shards: number;
  readonly words: Int32Array;
  readonly rows: readonly BoardRow[];
  readonly recorder: BoardRow;

  constructor(memory: BoardMemory) {
    this.shards = memory.shards;
    this.words = new Int32Array(memory.shared, 0, headBytes / 4);
    const row = (index: number) => new BoardRow(memory.shared, headBytes + index * rowBytes);
    this.rows = Array.from({ length: memory.shards }, (_, index) => row(index));
    this.recorder = row(memory.shards);
  }

  row(shard: number): BoardRow {
    const row = this.rows[shard];
    assert(row !== undefined, `no row for shard ${shard}`);
    return row;
  }

  /** Bytes offered to the recorder and not yet done, over all shards. */
  pendingBytes(): number {
    let pending = 0;
    for (const row of this.rows) pending += row.pending();
    return pending;
  }

  /**
   * Counts one more open connection or stream of a shard; false when all shards together have
   * `max` of them, and then nothing was counted.
   */
  enter(row: BoardRow, what: OpenThing, max: number): boolean {
    const word = boardWord[what];
    if (Atomics.add(this.words, word, 1) >= max) {
      Atomics.sub(this.words, word, 1);
      return false;
    }
    row.addOpen(what, 1);
    return true;
  }

  leave(row: BoardRow, what: OpenThing): void {
    row.addOpen(what, -1);
    Atomics.sub(this.words, boardWord[what], 1);
  }

  /** Called once by a thread that takes a row over from one that died: puts right what that one left. */
  takeOver(row: BoardRow): void {
    row.endUnfinished();
    for (const what of Object.keys(openSlot) as OpenThing[]) {
      Atomics.sub(this.words, boardWord[what], row.takeOpen(what));
    }
  }

  ring(word: number): void {
    Atomics.add(this.words, word, 1);
    Atomics.notify(this.words, word);
  }
}

/** One shard's (or the recorder's) part of the board. */
export class BoardRow {
  private readonly positions: BigInt64Array;
  private readonly small: Int32Array;
  /** Indexed by the position of the name in `shardCounters` or `recorderCounters`. */
  readonly counters: Float64Array;
  /** Packets by protocol number, 0 = unlabelled. */
  readonly labels: Float64Array;

  constructor(shared: SharedArrayBuffer, offset: number) {
    this.positions = new BigInt64Array(shared, offset, 3);
    this.small = new Int32Array(shared, offset + 24, 5);
    this.counters = new Float64Array(shared, offset + 64, counterSlots);
    this.labels = new Float64Array(shared, offset + 64 + counterSlots * 8, protocolsMax);
  }

  /** Byte position up to which the shard has published its ring. Written by the shard. */
  head(): number {
    return Number(Atomics.load(this.positions, 0));
  }
  setHead(position: number): void {
    Atomics.store(this.positions, 0, BigInt(position));
  }
  /** Byte position up to which the recorder is done (as `--ack` demands). Written by the recorder. */
  tail(): number {
    return Number(Atomics.load(this.positions, 1));
  }
  setTail(position: number): void {
    Atomics.store(this.positions, 1, BigInt(position));
  }
  /** Position at which the ring last started over while idle: nothing before it waits. By the shard. */
  start(): number {
    return Number(Atomics.load(this.positions, 2));
  }
  setStart(position: number): void {
    Atomics.store(this.positions, 2, BigInt(position));
  }

  /** Bytes published and not yet done. */
  pending(): number {
    return Math.max(0, this.head() - Math.max(this.tail(), this.start()));
  }

  /** Counts up while the thread's event loop turns; control watches it. */
  beat(): void {
    Atomics.add(this.small, 1, 1);
  }
  beats(): number {
    return Atomics.load(this.small, 1);
  }

  /**
   * The seqlock's writing side: the version is odd while the one writer changes what belongs together, so
   * that `read` never sees half of it.
   */
  beginWrite(): void {
    Atomics.add(this.small, 0, 1);
  }
  endWrite(): void {
    Atomics.add(this.small, 0, 1);
  }
  /**
   * The reading side: copies of all counters and labels, taken while the version stayed the same and
   * even, that is, between two writes. Blocks while a write is under way:
   * its thread may be off its core for milliseconds.
   */
  read(): { counters: Float64Array; labels: Float64Array } {
    for (let attempt = 1; ; attempt++) {
      const before = Atomics.load(this.small, 0);
      const counters = this.counters.slice();
      const labels = this.labels.slice();
      const after = Atomics.load(this.small, 0);
      if (before === after && before % 2 === 0) return { counters, labels };
      if (attempt % readSpins !== 0) continue;
      // A writer that died between begin and end must not hang the reader.
      if (attempt > readSpins * readWaitsMax) return { counters, labels };
      Atomics.wait(this.small, 0, after, readWaitMs);
    }
  }
  /** Ends a write that its writer did not live to end. */
  endUnfinished(): void {
    if (Atomics.load(this.small, 0) % 2 !== 0) this.endWrite();
  }

  /** This shard's part of what is open on the board. */
  addOpen(what: OpenThing, count: number): void {
    Atomics.add(this.small, openSlot[what], count);
  }
  /** That part, which is none from now on. */
  takeOpen(what: OpenThing): number {
    return Atomics.exchange(this.small, openSlot[what], 0);
  }
}

export function shardCounter(name: ShardCounter): number {
  return shardCounters.indexOf(name);
}

export function recorderCounter(name: RecorderCounter): number {
  return recorderCounters.indexOf(name);
}

assert(shardCounters.length <= counterSlots, "the board row is too small for the shard counters");
assert(recorderCounters.length <= counterSlots, "the board row is too small for the recorder");
