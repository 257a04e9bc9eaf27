/** What the recorder does while a disk does not take what it is given: it says so, waits, tries on. */

import { dirname } from "node:path";
import { byteSize } from "../base/byte-size.ts";
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import type { Events } from "../telemetry/events.ts";
import { recordEvent } from "./events.ts";
import { freeBytes, isIoFailure } from "./io-failure.ts";
import type { RecorderTally } from "./recorder-tally.ts";

export class Stall {
  private readonly board: Board;
  private readonly tally: RecorderTally;
  private readonly events: Events;
  private readonly clock: Clock;
  private sinceMs: number | undefined;
  private deadlineMs = Number.POSITIVE_INFINITY;

  constructor(board: Board, tally: RecorderTally, events: Events, clock: Clock) {
    this.board = board;
    this.tally = tally;
    this.events = events;
    this.clock = clock;
  }

  /** From then on (monotonic milliseconds) nothing is tried again. */
  giveUpAt(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
  }

  /** Does `action` until it succeeds; false when that was given up. Faults of the program pass. */
  async insist(action: () => Promise<void>, path: () => string): Promise<boolean> {
    for (;;) {
      try {
        await action();
        return true;
      } catch (error) {
        if (!isIoFailure(error)) throw error;
        if (!(await this.wait(error, path()))) return false;
      }
    }
  }

  /** Counts a failure, tells it once, and waits; false when no further attempt is to be made. */
  async wait(error: unknown, path: string): Promise<boolean> {
    this.tally.add({ writeFailures: 1 });
    if (this.sinceMs === undefined) this.begin(error, path);
    const leftMs = this.deadlineMs - this.clock.monotonicMs();
    if (leftMs <= 0) return false;
    const { words } = this.board;
    const bell = Atomics.load(words, boardWord.recorderBell);
    const timeoutMs = Math.min(limits.recordRetryMs, leftMs);
    const wait = Atomics.waitAsync(words, boardWord.recorderBell, bell, timeoutMs);
    if (wait.async) await wait.value;
    this.board.recorder.beat();
    return true;
  }

  /** Something was written: recording goes on. */
  over(): void {
    if (this.sinceMs === undefined) return;
    const seconds = ((this.clock.monotonicMs() - this.sinceMs) / 1000).toFixed(1);
    this.sinceMs = undefined;
    this.setState(recorderState.recording);
    this.events.tell(recordEvent.resumed, `recording works again; it had failed for ${seconds} s`);
  }

  private begin(error: unknown, path: string): void {
    this.sinceMs = this.clock.monotonicMs();
    this.setState(recorderState.stalled);
    const free = freeBytes(dirname(path));
    const space = free === undefined ? "" : `, ${byteSize(free)} free`;
    const message = `${path} cannot be written (${errorText(error)}${space}); retrying`;
    this.events.tell(recordEvent.stalled, message, { path, freeBytes: free });
  }

  private setState(state: number): void {
    Atomics.store(this.board.words, boardWord.recorderState, state);
    this.board.ring(boardWord.shardBell);
  }
}
