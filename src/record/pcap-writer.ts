/**
 * Classic pcap: one link type a file. The first packet's goes to the file at the path itself, any
 * other to its own file beside it (`x.linux-sll.pcap`), never mislabelled.
 */
import { assert } from "../base/assert.ts";
import { pcapFileHeader, recordHeader } from "../capture-format/pcap-layout.ts";
import { TimeSplit } from "../capture-format/pcap-time.ts";
import { enhancedPacket } from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import type { CaptureFile } from "./capture-file.ts";
import { type CaptureWriter, Group, type ShardRing } from "./capture-writer.ts";
import { besideName, captureName } from "./file-names.ts";
import { FileSeries } from "./file-series.ts";
import { isOutOfDescriptors } from "./io-failure.ts";
import { linkTypeName } from "./link-type-name.ts";
import { packetWord, ringBlock } from "./ring-blocks.ts";
import { readControlBlock, type TakeStatistics } from "./ring-control.ts";
import type { SeriesContext } from "./series-context.ts";

/** The files of one link type. */
interface LinkFiles {
  readonly linkType: number;
  readonly series: FileSeries;
  /** Number of the group that took from it last, and the bytes that the group took. */
  groupNumber: number;
  groupBytes: number;
}

const ethernet = 1;
const noStatistics: TakeStatistics = () => {};

export class PcapWriter implements CaptureWriter {
  readonly series: FileSeries[] = [];
  private readonly shards: readonly ShardRing[];
  private readonly context: SeriesContext;
  private readonly main: FileSeries;
  private readonly links = new Map<number, LinkFiles>();
  /** A link type whose file is to be opened before the next packet can be taken. */
  private wanted: number | undefined;
  private turning: FileSeries;
  private readonly time = new TimeSplit();
  /** Records of one group; longer than the blocks that they come from by nothing. */
  private readonly scratch = Buffer.allocUnsafe(
    limits.recordGroupBytesMax + limits.packetBytesMax * 2,
  );
  private readonly scratchView = new DataView(this.scratch.buffer, this.scratch.byteOffset);
  private used = 0;
  private groupNumber = 0;
  private firstShard = 0;
  private runStart = 0;
  private runPackets = 0;
  private runFiles: LinkFiles | undefined;

  constructor(shards: readonly ShardRing[], context: SeriesContext) {
    this.shards = shards;
    this.context = context;
    this.main = new FileSeries(captureName(context.config.path), context);
    this.series.push(this.main);
    this.turning = this.main;
  }

  async open(): Promise<void> {
    this.main.start();
    const linkType = this.main.continuedLinkType;
    if (linkType !== undefined) this.addLink(linkType, this.main);
    else await this.main.reserve();
  }

  needsTurn(nowMs: number): boolean {
    if (this.wanted !== undefined) return true;
    for (const series of this.series) if (series.isRotationDue(nowMs, 0)) return true;
    return false;
  }

  get turnPath(): string {
    return this.turning.current?.path ?? this.turning.plainPath;
  }

  async turn(nowMs: number): Promise<void> {
    for (const { series, linkType } of this.links.values()) {
      if (!series.isRotationDue(nowMs, 0)) continue;
      this.turning = series;
      await series.closeCurrent();
      await series.create(pcapFileHeader(linkType));
    }
    if (this.wanted === undefined) return;
    await this.openLink(this.wanted);
    this.wanted = undefined;
  }

  gather(released: boolean): Group {
    const group = new Group();
    this.used = 0;
    this.groupNumber++;
    for (let count = 0; count < this.shards.length; count++) {
      const shard = this.shards[(this.firstShard + count) % this.shards.length] as ShardRing;
      if (!this.gatherShard(shard, group, released)) break;
    }
    this.endRun(group);
    this.firstShard = (this.firstShard + 1) % this.shards.length;
    return group;
  }

  undo(): void {
    for (const { reader } of this.shards) reader.rewind();
  }

  async abandon(file: CaptureFile): Promise<void> {
    for (const series of this.series) {
      if (series.current === file) await series.abandon();
    }
  }

  async close(): Promise<void> {
    try {
      // A capture of no packets is a capture all the same.
      if (this.links.size === 0) await this.openLink(ethernet);
    } catch {
      // Nothing is lost with it.
    }
    for (const series of this.series) {
      await series.closeCurrent();
      series.unlock();
    }
  }

  private addLink(linkType: number, series: FileSeries): LinkFiles {
    const files = { linkType, series, groupNumber: 0, groupBytes: 0 };
    this.links.set(linkType, files);
    return files;
  }

  private async openLink(linkType: number): Promise<void> {
    const known = this.links.get(linkType)?.series;
    const series = known ?? (this.links.size === 0 ? this.main : this.newSeries(linkType));
    this.turning = series;
    while (this.countOpen(series) >= limits.captureFilesOpenMax) await this.suspendIdle(series);
    for (;;) {
      try {
        if (known === undefined) await this.startLink(linkType, series);
        if (!(await series.resume())) await series.create(pcapFileHeader(linkType));
        return;
      } catch (error) {
        if (!isOutOfDescriptors(error) || !(await this.suspendIdle(series))) throw error;
      }
    }
  }

  private async startLink(linkType: number, series: FileSeries): Promise<void> {
    if (this.links.has(linkType)) return;
    series.startBeside();
    const { continuedLinkType } = series;
    if (continuedLinkType !== undefined && continuedLinkType !== linkType) {
      await series.setCurrentAside(`its link type is ${linkTypeName(continuedLinkType)}`);
    }
    this.addLink(linkType, series);
  }

  private newSeries(linkType: number): FileSeries {
    const name = besideName(captureName(this.context.config.path), linkTypeName(linkType));
    const known = this.series.find((series) => series.name.stem === name.stem);
    if (known !== undefined) return known;
    const series = new FileSeries(name, this.context);
    this.series.push(series);
    return series;
  }

  /** Link types beside `wanted` that hold descriptors: their file's, or their lock's. */
  private countOpen(wanted: FileSeries): number {
    let open = 0;
    for (const { series } of this.links.values())
      if (series !== wanted && this.isOpen(series)) open++;
    return open;
  }

  /** The first file's lock is the node's and stays. */
  private isOpen(series: FileSeries): boolean {
    return series.current !== undefined || (series !== this.main && series.isLocked);
  }

  /** Closes the file and the lock of the link type that was not used for longest; false if there is none. */
  private async suspendIdle(wanted: FileSeries): Promise<boolean> {
    let idle: LinkFiles | undefined;
    for (const files of this.links.values()) {
      if (files.series === wanted || !this.isOpen(files.series)) continue;
      if (idle === undefined || files.groupNumber < idle.groupNumber) idle = files;
    }
    if (idle === undefined) return false;
    await idle.series.suspend();
    if (idle.series !== this.main) idle.series.unlock();
    return true;
  }

  private gatherShard(shard: ShardRing, group: Group, released: boolean): boolean {
    const { reader, interfaces } = shard;
    const { words } = reader;
    const head = reader.head();
    for (;;) {
      const before = reader.position;
      const offset = reader.next(head);
      group.ringBytes += reader.position - before;
      if (offset < 0) return true;
      const word = offset >>> 2;
      if (words[word] !== ringBlock.packet) {
        if (readControlBlock(shard, offset, group, released, noStatistics)) continue;
        return false;
      }
      if (this.used >= limits.recordGroupBytesMax) return false;
      const files = this.filesOf(
        interfaces.linkTypes[words[word + packetWord.interfaceId] as number],
        group,
      );
      if (files === undefined) return false;
      this.addRecord(shard, word, files, group);
      const length = words[word + packetWord.totalLength] as number;
      reader.position += length;
      group.ringBytes += length;
    }
  }

  /** Where a packet of that link type goes; undefined when its file must be opened or ended first. */
  private filesOf(linkType: number | undefined, group: Group): LinkFiles | undefined {
    assert(linkType !== undefined && linkType >= 0, "packet before its interface block");
    const last = this.runFiles;
    const files = last?.linkType === linkType ? last : this.links.get(linkType);
    const file = files?.series.current;
    if (files === undefined || file === undefined) {
      this.wanted = linkType;
      group.needsRelease = true;
      return undefined;
    }
    if (files.groupNumber !== this.groupNumber) {
      files.groupNumber = this.groupNumber;
      files.groupBytes = 0;
    }
    const first = file.packets === 0 && files.groupBytes === 0;
    return first || files.groupBytes < files.series.bytesLeft(0) ? files : undefined;
  }

  private addRecord(shard: ShardRing, word: number, files: LinkFiles, group: Group): void {
    if (this.runFiles !== files) {
      this.endRun(group);
      this.runFiles = files;
      this.runStart = this.used;
    }
    const { words, bytes } = shard.reader;
    const { time, scratchView, used } = this;
    time.split(
      words[word + packetWord.timeHigh] as number,
      words[word + packetWord.timeLow] as number,
    );
    const length = words[word + packetWord.capturedLength] as number;
    const original = words[word + packetWord.originalLength] as number;
    scratchView.setUint32(used + recordHeader.seconds, time.seconds, true);
    scratchView.setUint32(used + recordHeader.fraction, time.nanoseconds, true);
    scratchView.setUint32(used + recordHeader.capturedLength, length, true);
    scratchView.setUint32(used + recordHeader.originalLength, original, true);
    const start = (word << 2) + enhancedPacket.data;
    bytes.copy(this.scratch, used + recordHeader.bytes, start, start + length);
    this.used += recordHeader.bytes + length;
    files.groupBytes += recordHeader.bytes + length;
    this.runPackets++;
  }

  private endRun(group: Group): void {
    const { runFiles } = this;
    const file = runFiles?.series.current;
    if (file !== undefined && this.runPackets > 0) {
      const bytes = this.scratch.subarray(this.runStart, this.used);
      group.add({ file, bytes, packets: this.runPackets });
    }
    this.runPackets = 0;
    this.runFiles = undefined;
  }
}
