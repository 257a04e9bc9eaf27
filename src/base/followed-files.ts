/**
 * Files that are followed while the program runs: those that belong together (a certificate and its
 * key) are read together. One rule for all of them:
 *
 * - **A change** is another mark of a file: size, inode, time of modification or permissions. So it is
 *   seen when a file is written in place, renamed over, reached by a link that leads elsewhere now,
 *   deleted, or created. Events of the directories and a look every `pollMs` bring it up.
 * - **Settled** is a change that stood still for `settleMs`; for `partSettleMs` where it may
 *   be half of one: a file is empty or gone, or there are several. After `settleMsMax` from the
 *   first sign of a change the files are read even if they do not stand still, but not while one of
 *   them is empty or gone: it is so for a moment in each of many writes.
 * - **Read** are all files, once. The owner takes what was found: contents, absences and failures,
 *   each as a value. What that means, and what stays in force, is the owner's.
 * - **A file that cannot be read** is tried again with each look; the owner hears of it once, and then
 *   when something else comes of it.
 * - **Asked** (SIGHUP), the files are read at once, settled or not, and the owner takes what is there,
 *   changed or not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type FileContent, readBoundedFile } from "./bounded-file.ts";
import type { Clock } from "./clock.ts";
import { isEmptyMark, readMark } from "./file-mark.ts";
import { watchFiles } from "./file-watch.ts";

/** By path. */
export type FileContents = ReadonlyMap<string, FileContent>;

/** In milliseconds; see the rule above. */
export interface FollowTimes {
  readonly pollMs: number;
  readonly settleMs: number;
  readonly partSettleMs: number;
  readonly settleMsMax: number;
}

export interface FollowedFilesOptions {
  /** With none there is nothing to take, ever. */
  readonly paths: readonly string[];
  /** Of each file; a larger one counts as one that cannot be read. */
  readonly bytesMax: number;
  readonly times: FollowTimes;
  readonly clock: Pick<Clock, "monotonicMs">;
  /**
   * Takes what was read. Never called while it, or an act of `inTurn`, is under way.
   * @param asked by `refresh`; otherwise something has changed
   */
  readonly take: (contents: FileContents, asked: boolean) => Promise<void> | void;
}

export class FollowedFiles {
  private readonly options: FollowedFilesOptions;
  private readonly paths: readonly string[];
  /** Of what was read last. */
  private known = "";
  /** What was found instead, not settled yet: since when it stands still, and since when it changes. */
  private change: { marks: string; sinceMs: number; firstMs: number } | undefined = undefined;
  /** What is done one after the other. */
  private turns: Promise<unknown> = Promise.resolve();
  private lookToCome: Promise<void> | undefined = undefined;
  private timer: Timer | undefined = undefined;
  private endWatch: (() => void) | undefined = undefined;

  constructor(options: FollowedFilesOptions) {
    this.options = options;
    this.paths = [...new Set(options.paths)];
  }

  /** The mark of the file as it was read last, where there is one file. */
  get mark(): string {
    return this.known;
  }

  /** The owner has written the file: `mark` is no change. */
  wrote(mark: string): void {
    this.known = mark;
  }

  /** What is there, which is no change from then on. */
  async read(): Promise<FileContents> {
    const { bytesMax } = this.options;
    const read = async (path: string) =>
      [path, await readBoundedFile(path, bytesMax, "regular")] as const;
    const contents = new Map(await Promise.all(this.paths.map(read)));
    this.known = joined([...contents.values()].map(({ mark }) => mark));
    this.change = undefined;
    return contents;
  }

  /** Looks from now on whenever something may have changed, until `close`. */
  follow(look: () => Promise<void> = () => this.look()): void {
    if (this.paths.length === 0) return;
    this.endWatch = watchFiles(this.paths, this.options.times.pollMs, () => void look());
  }

  close(): void {
    this.endWatch?.();
    this.endWatch = undefined;
    clearTimeout(this.timer);
  }

  /** Looks once; what has changed is taken if it is settled, or else looked at again when it may be. */
  look(): Promise<void> {
    this.lookToCome ??= this.inTurn(async () => {
      this.lookToCome = undefined;
      const waitMs = await this.lookNow();
      clearTimeout(this.timer);
      if (waitMs > 0 && this.endWatch !== undefined) {
        this.timer = setTimeout(() => void this.look(), waitMs);
      }
    });
    return this.lookToCome;
  }

  /** Reads the files at once, and has the owner take them whether they have changed or not. */
  async refresh(): Promise<void> {
    if (this.paths.length === 0) return;
    await this.inTurn(async () => this.options.take(await this.read(), true));
  }

  /** Acts while nothing is taken. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.turns.then(act);
    this.turns = turn.catch(() => {});
    return turn;
  }

  /** In turn: waits until the files stand still and were taken. */
  async settle(): Promise<void> {
    for (;;) {
      const waitMs = await this.lookNow();
      if (waitMs === 0) return;
      await sleep(waitMs);
    }
  }

  /** How long until a change is settled; 0 when there is none, or it was taken. */
  private async lookNow(): Promise<number> {
    const { clock, times, take } = this.options;
    const found = await Promise.all(this.paths.map(readMark));
    const marks = joined(found);
    if (marks === this.known) {
      this.change = undefined;
      return 0;
    }
    const nowMs = clock.monotonicMs();
    let change = this.change ?? { marks, sinceMs: nowMs, firstMs: nowMs };
    if (marks !== change.marks) change = { ...change, marks, sinceMs: nowMs };
    this.change = change;
    const isEmpty = found.some(isEmptyMark);
    const isPart = found.length > 1 || isEmpty;
    const restedMs = change.sinceMs + (isPart ? times.partSettleMs : times.settleMs);
    const latestMs = isEmpty ? restedMs : change.firstMs + times.settleMsMax;
    const settledMs = Math.min(restedMs, latestMs);
    if (nowMs < settledMs) return Math.ceil(settledMs - nowMs);
    const before = this.known;
    const contents = await this.read();
    if (!isEmpty && [...contents.values()].some(({ mark }) => isEmptyMark(mark))) {
      // It was emptied since the look.
      this.change = { ...change, marks: this.known, sinceMs: nowMs };
      this.known = before;
      return times.partSettleMs;
    }
    if (this.known !== before) await take(contents, false);
    return 0;
  }
}

function joined(marks: readonly string[]): string {
  return marks.join("\n");
}
