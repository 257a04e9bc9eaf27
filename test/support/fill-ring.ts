/** Fills a recorder's rings in process, as record sinks do. */
import { enhancedPacketOverhead, padded } from "../../src/capture-format/pcapng-layout.ts";
import { limits } from "../../src/config/limits.ts";
import { Board, createBoardMemory, shardCounter } from "../../src/pipeline/board.ts";
import { RingWriter } from "../../src/pipeline/ring.ts";
import { ringBlock } from "../../src/record/ring-blocks.ts";

export interface FillPacket {
  /** The shard's number of the interface. */
  readonly interface: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly originalLength?: number;
}

export class RingFiller {
  readonly memory: SharedArrayBuffer;
  private readonly ring: RingWriter;
  private readonly offered: Float64Array;

  constructor(memory: SharedArrayBuffer, board: Board, shard: number) {
    this.memory = memory;
    this.ring = new RingWriter(memory, board, shard, limits.recordRingBytes);
    this.offered = board.row(shard).counters;
  }

  reset(): boolean {
    return this.lay([ringBlock.reset, 8]) >= 0;
  }

  announce(number: number, hunterId: string, name: string, linkType: number): boolean {
    const hunter = Buffer.from(hunterId);
    const label = Buffer.from(name);
    const total = (24 + hunter.length + label.length + 3) & ~3;
    const words = [ringBlock.interface, total, number, linkType, hunter.length, label.length];
    const offset = this.lay(words, total);
    if (offset < 0) return false;
    hunter.copy(this.ring.bytes, offset + 24);
    label.copy(this.ring.bytes, offset + 24 + hunter.length);
    return true;
  }

  statistics(number: number, received: number, dropped: number): boolean {
    const offset = this.lay([ringBlock.statistics, 32, number, 0], 32);
    if (offset < 0) return false;
    this.ring.bytes.writeDoubleLE(received, offset + 16);
    this.ring.bytes.writeDoubleLE(dropped, offset + 24);
    return true;
  }

  packet(packet: FillPacket): boolean {
    const { bytes, time } = packet;
    const total = enhancedPacketOverhead + padded(bytes.length);
    const high = Number(time >> 32n);
    const low = Number(time & 0xffff_ffffn);
    const original = packet.originalLength ?? bytes.length;
    const head = [ringBlock.packet, total, packet.interface, high, low, bytes.length, original];
    const offset = this.lay(head, total);
    if (offset < 0) return false;
    this.ring.bytes.fill(0, offset + 28, offset + total - 4);
    this.ring.bytes.set(bytes, offset + 28);
    this.ring.words[(offset + total - 4) >>> 2] = total;
    const index = shardCounter("recordOffered");
    this.offered[index] = (this.offered[index] as number) + 1;
    return true;
  }

  publish(): void {
    this.ring.publish();
  }

  /** True when the recorder is done with everything laid so far. */
  isDone(): boolean {
    return this.ring.done() >= this.ring.position;
  }

  private lay(words: readonly number[], total: number = words.length * 4): number {
    const offset = this.ring.reserve(total);
    if (offset >= 0) this.ring.words.set(words, offset >>> 2);
    return offset;
  }
}

export interface FilledRings {
  readonly board: Board;
  readonly memories: readonly SharedArrayBuffer[];
  readonly fillers: readonly RingFiller[];
}

export function createFilledRings(shards: number, ringBytes: number): FilledRings {
  const board = new Board(createBoardMemory(shards));
  const memories = Array.from({ length: shards }, () => new SharedArrayBuffer(ringBytes));
  const fillers = memories.map((memory, shard) => {
    const filler = new RingFiller(memory, board, shard);
    filler.reset();
    return filler;
  });
  return { board, memories, fillers };
}
