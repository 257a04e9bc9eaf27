/**
 * Recording: the one thread that owns the capture files and may block on a disk. It takes from the
 * shards' rings whatever has come together, writes it as one group, believes only the size of the
 * file, and then gives the ring memory back, which is what acknowledges the packets.
 */
import { byteSize } from "../base/byte-size.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { errorText } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import { RingReader } from "../pipeline/ring.ts";
import type { Events } from "../telemetry/events.ts";
import type { CaptureFile } from "./capture-file.ts";
import type { CaptureWriter, ShardRing } from "./capture-writer.ts";
import { recordEvent } from "./events.ts";
import { GroupCommit } from "./group-commit.ts";
import { isIoFailure } from "./io-failure.ts";
import { type OpenedCapture, openCapture } from "./open-capture.ts";
import { PcapWriter } from "./pcap-writer.ts";
import { PcapngWriter } from "./pcapng-writer.ts";
import type { RecorderConfig } from "./recorder-config.ts";
import { RecorderTally } from "./recorder-tally.ts";
import { ringBlock } from "./ring-blocks.ts";
import type { SeriesContext } from "./series-context.ts";
import { ShardInterfaces } from "./shard-interfaces.ts";
import { Stall } from "./stall.ts";

export interface RecorderOptions {
  readonly config: RecorderConfig;
  /** Name and version of the program, for the files. */
  readonly application: string;
  readonly board: Board;
  /** One ring a shard. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly events: Events;
  readonly clock?: Clock;
}

export interface DrainSummary {
  readonly packetsWritten: number;
  /** Packets that are still in the rings because the disk did not take them in time. */
  readonly packetsUnwritten: number;
  readonly bytesWritten: number;
  readonly filesOpened: number;
  /** The file that was written last. */
  readonly path: string;
}

export interface Recorder {
  /**
   * Opens the first file. Throws WeirError `directory-missing`, `file-in-use`, `file-not-regular`
   * or `file-unwritable`; never for what stands in the file.
   */
  open(): Promise<OpenedCapture>;
  /** Records until `drain`. A rejection is a fault of the program. */
  run(): Promise<void>;
  /**
   * To be called when nobody writes to the rings any more: writes the rest, closes the files and
   * gives the lock up. Gives up after `deadlineMs` when the disk takes nothing.
   */
  drain(deadlineMs: number): Promise<DrainSummary>;
  /** Logs which files are open; with `sync` after fdatasync of each. */
  report(sync: boolean): void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  return new RecorderLoop(options);
}

class RecorderLoop implements Recorder {
  private readonly board: Board;
  private readonly clock: Clock;
  private readonly tally: RecorderTally;
  private readonly shards: readonly ShardRing[];
  private readonly options: RecorderOptions;
  private context: SeriesContext | undefined;
  private writer: CaptureWriter | undefined;
  private path = "";
  private stall: Stall;
  private draining = false;
  private syncAsked = false;
  private yieldedMs = 0;
  private ended = Promise.withResolvers<void>();

  constructor(options: RecorderOptions) {
    const { board, rings } = options;
    this.options = options;
    this.board = board;
    this.clock = options.clock ?? systemClock;
    this.tally = new RecorderTally(board);
    this.shards = rings.map((memory, shard) => ({
      reader: new RingReader(memory, board, shard),
      row: board.row(shard),
      interfaces: new ShardInterfaces(),
    }));
    this.stall = new Stall(board, this.tally, options.events, this.clock);
  }

  async open(): Promise<OpenedCapture> {
    const { config, events, application } = this.options;
    const { opened, writer, context } = await openCapture(config, (resolved) => {
      const series = { config: resolved, clock: this.clock, events, tally: this.tally };
      const made =
        config.format === "pcapng"
          ? new PcapngWriter(this.shards, series, application)
          : new PcapWriter(this.shards, series);
      return { writer: made, context: series };
    });
    this.writer = writer;
    this.context = context;
    this.path = opened.path;
    this.setState(recorderState.recording);
    return opened;
  }

  async run(): Promise<void> {
    const { writer, context } = this;
    if (writer === undefined || context === undefined) throw new Error("run before open");
    const commit = new GroupCommit(writer, this.shards, context, this.board, this.stall);
    try {
      while (await this.step(writer, commit));
      this.notePath(writer);
      await writer.close();
    } finally {
      this.setState(recorderState.closed);
      this.ended.resolve();
    }
  }

  async drain(deadlineMs: number): Promise<DrainSummary> {
    this.draining = true;
    this.stall.giveUpAt(this.clock.monotonicMs() + deadlineMs);
    this.board.ring(boardWord.recorderBell);
    await this.ended.promise;
    return {
      packetsWritten: this.tally.value("packetsWritten"),
      packetsUnwritten: this.countUnwritten(),
      bytesWritten: this.tally.value("bytesWritten"),
      filesOpened: this.tally.value("filesOpened"),
      path: this.path,
    };
  }

  report(sync: boolean): void {
    if (!sync) {
      this.options.events.tell(recordEvent.files, this.filesText());
      return;
    }
    // Between two groups: what waits for a sync of its own is released first, and a file that fails
    // there is given up.
    this.syncAsked = true;
    this.board.ring(boardWord.recorderBell);
  }

  private get files(): CaptureFile[] {
    return (this.writer?.series ?? []).flatMap(({ current }) => current ?? []);
  }

  private filesText(): string {
    const texts = this.files.map(
      (file) => `${file.path} (${counted(file.packets, "packet")}, ${byteSize(file.size)})`,
    );
    return texts.length === 0 ? "no capture file is open" : `open: ${texts.join(", ")}`;
  }

  private syncFiles(): void {
    const { events } = this.options;
    this.syncAsked = false;
    try {
      for (const file of this.files) file.sync();
    } catch (error) {
      if (!isIoFailure(error)) throw error;
      events.tell(recordEvent.notSynced, `not everything is on the disk: ${errorText(error)}`);
      return;
    }
    events.tell(recordEvent.synced, `what is written is on the disk; ${this.filesText()}`);
  }

  /** One round; false when recording is over. */
  private async step(writer: CaptureWriter, commit: GroupCommit): Promise<boolean> {
    const nowMs = this.clock.monotonicMs();
    this.board.recorder.beat();
    if (nowMs - this.yieldedMs >= limits.recordYieldMs) await this.yieldThread();
    if (this.syncAsked) {
      if (!commit.isReleased) return commit.release();
      this.syncFiles();
    }
    if (this.draining && commit.isReleased && !this.hasData()) return false;
    if (writer.needsTurn(nowMs)) {
      if (!commit.isReleased) return commit.release();
      if (
        !(await this.stall.insist(
          () => writer.turn(nowMs),
          () => writer.turnPath,
        ))
      )
        return false;
      if (commit.isSound) this.stall.over();
      return true;
    }
    const group = writer.gather(commit.isReleased);
    if (group.ringBytes > 0 && !(await commit.write(group))) return false;
    const waiting = group.ringBytes > 0 && this.hasData();
    if (!commit.isReleased && (group.needsRelease || !waiting || commit.isSyncDue())) {
      return commit.release();
    }
    for (const series of writer.series) series.saveSide(false);
    if (group.ringBytes > 0 || group.needsRelease || writer.needsTurn(nowMs)) return true;
    await this.sleep(writer);
    return true;
  }

  /** Until a shard publishes, a timer is due or `drain` is called. */
  private async sleep(writer: CaptureWriter): Promise<void> {
    const { words } = this.board;
    let timeoutMs: number = limits.heartbeatMs;
    const nowMs = this.clock.monotonicMs();
    for (const series of writer.series) {
      timeoutMs = Math.min(timeoutMs, series.rotationInMs(nowMs), series.saveInMs(nowMs));
    }
    Atomics.store(words, boardWord.recorderSleeps, 1);
    // The bell is read before the heads: what is published from here on rings it.
    const bell = Atomics.load(words, boardWord.recorderBell);
    if (!this.hasData() && !this.draining && !this.syncAsked) {
      const wait = Atomics.waitAsync(words, boardWord.recorderBell, bell, timeoutMs);
      if (wait.async) {
        await wait.value;
        this.yieldedMs = this.clock.monotonicMs();
      }
    }
    Atomics.store(words, boardWord.recorderSleeps, 0);
  }

  /** Promises alone would keep messages and timers of this thread out for as long as data comes. */
  private async yieldThread(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.yieldedMs = this.clock.monotonicMs();
  }

  private hasData(): boolean {
    return this.shards.some(({ reader }) => reader.position < reader.head());
  }

  private notePath(writer: CaptureWriter): void {
    this.path = writer.series[0]?.current?.path ?? this.path;
  }

  private countUnwritten(): number {
    let packets = 0;
    for (const { reader } of this.shards) {
      reader.rewind();
      const head = reader.head();
      for (let offset = reader.next(head); offset >= 0; offset = reader.next(head)) {
        const word = offset >>> 2;
        if (reader.words[word] === ringBlock.packet) packets++;
        reader.position += reader.words[word + 1] as number;
      }
    }
    return packets;
  }

  private setState(state: number): void {
    Atomics.store(this.board.words, boardWord.recorderState, state);
    this.board.ring(boardWord.shardBell);
  }
}
