/**
 * pcapng: the packets' blocks go from the ring to the file as they are, with four bytes changed in
 * place, the interface id of this section. `undo` finds the shard's number again from the id.
 */
import { assert } from "../base/assert.ts";
import {
  interfaceBlock,
  sectionHeaderBlock,
  statisticsBlock,
  statisticsBlockBytes,
} from "../capture-format/pcapng-blocks.ts";
import { enhancedPacketOverhead } from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import type { CaptureFile } from "./capture-file.ts";
import { type CaptureWriter, Group, type ShardRing } from "./capture-writer.ts";
import { captureName } from "./file-names.ts";
import { FileSeries } from "./file-series.ts";
import { isPassing } from "./io-failure.ts";
import { packetWord, ringBlock } from "./ring-blocks.ts";
import { readControlBlock, type TakeStatistics } from "./ring-control.ts";
import type { SeriesContext } from "./series-context.ts";
import { describe } from "./shard-interfaces.ts";

/** An interface of the section that is being written. */
interface SectionInterface {
  readonly id: number;
  statistics: { received: number; dropped: number } | undefined;
}

export class PcapngWriter implements CaptureWriter {
  readonly series: readonly FileSeries[];
  private readonly files: FileSeries;
  private readonly shards: readonly ShardRing[];
  private readonly context: SeriesContext;
  private readonly application: string;
  private readonly section = new Map<string, SectionInterface>();
  private sectionStartMs = 0;
  /** Interfaces that an earlier run left in the section: ids go on from there. */
  private earlierInterfaces = 0;
  /** A section header stands before the next packet: the file's last section cannot be gone on with. */
  private sectionPending = false;
  /** The next interface has no id left in this section. */
  private sectionFull = false;
  private prefix: Buffer[] = [];
  private prefixBytes = 0;
  private firstShard = 0;

  constructor(shards: readonly ShardRing[], context: SeriesContext, application: string) {
    this.shards = shards;
    this.context = context;
    this.application = application;
    this.files = new FileSeries(captureName(context.config.path), context);
    this.series = [this.files];
  }

  async open(): Promise<void> {
    this.files.start();
    const { current } = this.files;
    if (current === undefined) await this.createFile();
    else if (current.interfaces === undefined) this.beginSection(true);
    else this.beginSection(false, current.interfaces);
  }

  needsTurn(nowMs: number): boolean {
    if (this.files.current === undefined || this.sectionFull) return true;
    return this.files.isRotationDue(nowMs, this.reservedBytes());
  }

  get turnPath(): string {
    return this.files.current?.path ?? this.files.plainPath;
  }

  async turn(nowMs: number): Promise<void> {
    const { current } = this.files;
    if (current === undefined) return this.createFile();
    const rotation = this.files.isRotationDue(nowMs, this.reservedBytes());
    try {
      await this.writeStatistics(current);
    } catch (error) {
      if (isPassing(error)) throw error;
      // The packets in it are done; a sick file is only left.
      await this.files.giveUp(error);
      return this.createFile();
    }
    if (!rotation) return this.beginSection(true);
    await this.files.closeCurrent();
    return this.createFile();
  }

  gather(released: boolean): Group {
    const group = new Group();
    this.prefix = [];
    this.prefixBytes = 0;
    const { current } = this.files;
    assert(current !== undefined, "gathered without a file");
    if (this.sectionPending) this.addPrefix(sectionHeaderBlock(this.application));
    for (let count = 0; count < this.shards.length; count++) {
      const shard = this.shards[(this.firstShard + count) % this.shards.length] as ShardRing;
      if (!this.gatherShard(shard, current, group, released)) break;
    }
    this.firstShard = (this.firstShard + 1) % this.shards.length;
    if (group.packets > 0 && this.prefixBytes > 0) {
      // Blocks that the packets refer to come first.
      const packetRuns = group.runs;
      group.runs = [];
      const interfaces = this.sectionInterfaces;
      group.add({ file: current, bytes: Buffer.concat(this.prefix), packets: 0, interfaces });
      group.runs.push(...packetRuns);
      this.sectionPending = false;
    }
    return group;
  }

  undo(): void {
    for (const { reader, interfaces } of this.shards) {
      const end = reader.position;
      reader.rewind();
      const { words } = reader;
      for (;;) {
        const offset = reader.next(end);
        if (offset < 0) break;
        const word = offset >>> 2;
        if (words[word] === ringBlock.packet) {
          const at = word + packetWord.interfaceId;
          words[at] = interfaces.numberOf(words[at] as number);
        }
        reader.position += words[word + packetWord.totalLength] as number;
      }
      reader.rewind();
    }
    this.beginSection(true);
  }

  async abandon(): Promise<void> {
    await this.files.abandon();
  }

  async close(): Promise<void> {
    const { current } = this.files;
    if (current !== undefined) {
      try {
        await this.writeStatistics(current);
      } catch {
        // The packets are safe; a full disk costs their statistics.
      }
    }
    await this.files.closeCurrent();
    this.files.unlock();
  }

  private async createFile(): Promise<void> {
    await this.files.create(sectionHeaderBlock(this.application));
    this.beginSection(false);
  }

  private beginSection(pending: boolean, earlierInterfaces = 0): void {
    for (const { interfaces } of this.shards) interfaces.forgetIds();
    this.section.clear();
    this.earlierInterfaces = earlierInterfaces;
    this.sectionFull = false;
    this.sectionPending = pending;
    this.sectionStartMs = this.context.clock.wallMs();
  }

  private get sectionInterfaces(): number {
    return this.earlierInterfaces + this.section.size;
  }

  private async writeStatistics(file: CaptureFile): Promise<void> {
    const blocks: Buffer[] = [];
    const endMs = this.context.clock.wallMs();
    for (const { id, statistics } of this.section.values()) {
      // The interface block itself may be in a group that a full disk did not take.
      if (statistics === undefined || id >= (file.interfaces ?? 0)) continue;
      const times = { startMs: this.sectionStartMs, endMs };
      blocks.push(statisticsBlock({ interfaceId: id, ...statistics, ...times }));
    }
    if (blocks.length > 0) await appendWhole(file, Buffer.concat(blocks), this.context);
    for (const entry of this.section.values()) entry.statistics = undefined;
  }

  /** The statistics blocks at the end belong to the size of a file. */
  private reservedBytes(): number {
    return this.section.size * statisticsBlockBytes;
  }

  /** False when the group is full. */
  private gatherShard(
    shard: ShardRing,
    file: CaptureFile,
    group: Group,
    released: boolean,
  ): boolean {
    const { reader } = shard;
    const head = reader.head();
    for (;;) {
      const before = reader.position;
      const offset = reader.next(head);
      group.ringBytes += reader.position - before;
      if (offset < 0) return true;
      if (reader.words[offset >>> 2] === ringBlock.packet) {
        if (!this.gatherRun(shard, file, group, offset, head)) return false;
      } else if (!readControlBlock(shard, offset, group, released, this.takeStatistics)) {
        return false;
      }
    }
  }

  /** Takes packets that stand side by side; false when the group or the file is full. */
  private gatherRun(
    shard: ShardRing,
    file: CaptureFile,
    group: Group,
    offset: number,
    head: number,
  ): boolean {
    const { reader, interfaces } = shard;
    const { words } = reader;
    const { ids } = interfaces;
    const start = offset >>> 2;
    const end = Math.min(reader.size, offset + head - reader.position) >>> 2;
    let stop = start + (this.room(file, group, 0) >>> 2);
    let at = start;
    let packets = 0;
    let full = false;
    while (at < end && words[at] === ringBlock.packet) {
      if (at >= stop) {
        full = true;
        break;
      }
      const number = words[at + packetWord.interfaceId] as number;
      let id = ids[number] as number;
      if (!(id >= 0)) {
        id = this.giveId(shard, number);
        if (id < 0) {
          full = true;
          break;
        }
        stop = at + (this.room(file, group, (at - start) * 4) >>> 2);
      }
      words[at + packetWord.interfaceId] = id;
      packets++;
      const length = words[at + packetWord.totalLength] as number;
      assert(length >= enhancedPacketOverhead, "a packet block is too short");
      at += length >>> 2;
    }
    const length = (at - start) * 4;
    if (packets > 0) {
      group.add({ file, bytes: reader.bytes.subarray(offset, offset + length), packets });
      group.ringBytes += length;
      reader.position += length;
    }
    return !full;
  }

  /** Bytes that the group may take on; at least 4 when the file has no packet yet. */
  private room(file: CaptureFile, group: Group, more: number): number {
    const taken = group.fileBytes + more;
    const first = file.packets === 0 && taken === 0;
    const left = this.files.bytesLeft(this.reservedBytes()) - taken - this.prefixBytes + 3;
    const room = Math.min(limits.recordGroupBytesMax - taken, left);
    return first ? Math.max(4, room) : Math.max(0, room);
  }

  /** The id of the shard's interface in this section, its block in the prefix; -1 when neither fits. */
  private giveId(shard: ShardRing, number: number): number {
    const known = shard.interfaces.get(number);
    let entry = this.section.get(known.key);
    if (entry === undefined) {
      if (this.prefixBytes >= limits.recordPrefixBytesMax) return -1;
      if (this.sectionInterfaces >= limits.interfacesMax) {
        this.sectionFull = true;
        return -1;
      }
      entry = { id: this.sectionInterfaces, statistics: undefined };
      this.section.set(known.key, entry);
      this.addPrefix(interfaceBlock(describe(known)));
    }
    shard.interfaces.give(number, entry.id);
    return entry.id;
  }

  private addPrefix(block: Buffer): void {
    this.prefix.push(block);
    this.prefixBytes += block.length;
  }

  private readonly takeStatistics: TakeStatistics = (shard, number, received, dropped) => {
    const entry = this.section.get(shard.interfaces.get(number).key);
    // A hunter whose packets are not in this section says nothing about it.
    if (entry === undefined) return;
    entry.statistics = { received, dropped };
  };
}

/** Appends all of `bytes` or leaves the file as it was, and throws. */
export async function appendWhole(
  file: CaptureFile,
  bytes: Uint8Array,
  context: SeriesContext,
): Promise<void> {
  try {
    await file.append(bytes);
    await file.finish();
    if (context.config.ack === "synced") file.sync();
  } catch (error) {
    await file.rollBack();
    throw error;
  }
  file.release();
  context.tally.add({ bytesWritten: bytes.length });
}
