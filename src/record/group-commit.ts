/** Writing a group so that it is in the files whole or not at all, and releasing what is done. */
import { byteSize } from "../base/byte-size.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { type Board, boardWord } from "../pipeline/board.ts";
import { type CaptureFile, FileChangedError } from "./capture-file.ts";
import type { CaptureWriter, Group, ShardRing } from "./capture-writer.ts";
import { recordEvent } from "./events.ts";
import type { FileSeries } from "./file-series.ts";
import { freeBytes, isIoFailure, isPassing } from "./io-failure.ts";
import type { SeriesContext } from "./series-context.ts";
import type { Stall } from "./stall.ts";

export class GroupCommit {
  private readonly writer: CaptureWriter;
  private readonly shards: readonly ShardRing[];
  private readonly context: SeriesContext;
  private readonly board: Board;
  private readonly stall: Stall;
  /** Written and not yet given back to the rings; more than one group only with `--ack synced`. */
  private packets = 0;
  private bytes = 0;
  private unsyncedSinceMs = 0;
  private released = true;
  /** Files given up in a row without a group written in between. */
  private abandoned = 0;

  constructor(
    writer: CaptureWriter,
    shards: readonly ShardRing[],
    context: SeriesContext,
    board: Board,
    stall: Stall,
  ) {
    this.writer = writer;
    this.shards = shards;
    this.context = context;
    this.board = board;
    this.stall = stall;
  }

  /** True when everything that was gathered was released. */
  get isReleased(): boolean {
    return this.released;
  }

  /** False while files had to be given up and nothing was done since. */
  get isSound(): boolean {
    return this.abandoned === 0;
  }

  isSyncDue(): boolean {
    return this.context.clock.monotonicMs() - this.unsyncedSinceMs >= limits.syncDelayMsMax;
  }

  /**
   * Writes the group, however long the disk takes; without `--ack synced` it is then released. False
   * when it was given up. When a file had to be given up, the rings are read again.
   */
  async write(group: Group): Promise<boolean> {
    for (;;) {
      const failure = await this.attempt(group);
      if (failure === undefined) break;
      const { error, bad, path } = failure;
      if (bad.size > 0) return this.moveOn(error, bad);
      if (!(await this.stall.wait(error, path))) return false;
    }
    if (this.released) this.unsyncedSinceMs = this.context.clock.monotonicMs();
    this.released = false;
    this.packets += group.packets;
    this.bytes += group.fileBytes;
    for (const { file, packets, interfaces } of group.runs) {
      // The time of a file counts from its first packet on.
      if (file.packets === 0) file.startedMs = this.context.clock.monotonicMs();
      file.packets += packets;
      file.interfaces = interfaces ?? file.interfaces;
    }
    if (this.context.config.ack !== "synced") this.giveBack(0);
    return true;
  }

  /**
   * With `--ack synced`: syncs and gives the memory back. A file that fails is given up, and the
   * rings are read again; false when no further attempt is to be made.
   */
  async release(): Promise<boolean> {
    let syncs = 0;
    for (const { current } of this.writer.series) {
      if (current === undefined || current.size === current.releasedSize) continue;
      try {
        current.sync();
        syncs++;
      } catch (error) {
        return this.moveOn(error, new Set([current]));
      }
    }
    this.giveBack(syncs);
    return true;
  }

  private async attempt(group: Group): Promise<Failure | undefined> {
    const before = new Map<CaptureFile, number>();
    let path = this.context.config.path;
    let current: CaptureFile | undefined;
    try {
      if (group.fileBytes > 0) this.keepReserve(group.fileBytes);
      for (const { file, bytes } of group.runs) {
        current = file;
        if (!before.has(file)) before.set(file, file.size);
        await file.append(bytes);
      }
      for (const file of before.keys()) {
        current = file;
        await file.finish();
      }
      return undefined;
    } catch (error) {
      if (!isIoFailure(error)) throw error;
      path = current?.path ?? path;
      const bad = new Set<CaptureFile>();
      if (current !== undefined && !isPassing(error)) bad.add(current);
      let cause = error;
      for (const [file, size] of before) cause = (await cut(file, size, bad)) ?? cause;
      return { error: cause, bad, path };
    }
  }

  /** A file cannot be trusted: what was not yet released is written again, to a new file. */
  private async moveOn(error: unknown, bad: Set<CaptureFile>): Promise<boolean> {
    const paths = [...bad].map((file) => file.path).join(", ");
    if (this.abandoned === 0) {
      const message = `${paths} cannot be continued (${errorText(error)}); recording continues in a new file`;
      this.context.events.tell(recordEvent.fileGivenUp, message, { path: paths });
    }
    this.writer.undo();
    for (const { current } of this.writer.series) {
      if (current === undefined) continue;
      current.packets = current.releasedPackets;
      current.interfaces = current.releasedInterfaces;
      if (bad.has(current) || current.size > current.releasedSize) {
        await cut(current, current.releasedSize, bad);
      }
    }
    for (const file of bad) await this.writer.abandon(file);
    this.packets = 0;
    this.bytes = 0;
    this.released = true;
    // A disk that takes no file must not be filled with their names.
    if (this.abandoned++ > 0) return this.stall.wait(error, paths);
    this.context.tally.add({ writeFailures: 1 });
    return true;
  }

  private giveBack(syncs: number): void {
    const { tally } = this.context;
    // The counters first: an acknowledgement must never be ahead of them.
    tally.add({ packetsWritten: this.packets, bytesWritten: this.bytes, syncs });
    for (const { reader } of this.shards) reader.release(reader.position);
    for (const { current } of this.writer.series) {
      current?.release();
    }
    this.packets = 0;
    this.bytes = 0;
    this.released = true;
    this.abandoned = 0;
    this.stall.over();
    this.board.ring(boardWord.shardBell);
  }

  private keepReserve(fileBytes: number): void {
    const { diskReserveBytes } = this.context.config;
    const [first] = this.writer.series;
    if (diskReserveBytes === 0 || first === undefined) return;
    const free = freeBytes(first.name.directory);
    if (free === undefined) return;
    for (let left = free - fileBytes; left < diskReserveBytes; ) {
      const deleted = oldestOf(this.writer.series).ring.deleteOldest();
      if (deleted !== undefined) left += deleted;
      else {
        const text = `free space is below the reserve of ${byteSize(diskReserveBytes)} (--disk-reserve)`;
        throw new WeirError("disk-reserve", text, { retryable: true });
      }
    }
  }
}

interface Failure {
  readonly error: unknown;
  /** Files that cannot be trusted any more. */
  readonly bad: Set<CaptureFile>;
  readonly path: string;
}

/** That others changed the file says more than what came of it: then that is returned. */
async function cut(
  file: CaptureFile,
  size: number,
  bad: Set<CaptureFile>,
): Promise<FileChangedError | undefined> {
  try {
    await file.rollBack(size);
  } catch (error) {
    bad.add(file);
    if (error instanceof FileChangedError) return error;
  }
  return undefined;
}

function oldestOf(series: readonly FileSeries[]): FileSeries {
  return series.reduce((one, other) => (other.ring.oldestMs() < one.ring.oldestMs() ? other : one));
}
