/**
 * When live views are served: at the end of a turn of the event loop, with what follows soon, or when there
 * is time again (`time-share.ts`). Whichever comes first serves all that there is then.
 */
import { limits } from "../config/limits.ts";

type Timer = ReturnType<typeof setTimeout>;

export interface ScheduleOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Gives live views what there is for them. */
  readonly flush: () => void;
  /** Looks after them, `limits.fanoutSweepMs` apart. */
  readonly sweep: () => void;
}

export class Schedule {
  private readonly options: ScheduleOptions;
  private readonly sweeper: Timer;
  private isTurnEnding = false;
  private delay: Timer | undefined = undefined;
  private lack: Timer | undefined = undefined;
  private flushedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScheduleOptions) {
    this.options = options;
    this.sweeper = setInterval(options.sweep, limits.fanoutSweepMs);
    this.sweeper.unref();
  }

  /** There was no time to write all that waits, and there has been none since. */
  get isLate(): boolean {
    return this.lack !== undefined;
  }

  /** At the end of this turn of the loop. */
  atTurnEnd(): void {
    if (this.isTurnEnding) return;
    this.isTurnEnding = true;
    setImmediate(() => {
      this.isTurnEnding = false;
      this.flush();
    });
  }

  /** The first batch after a while goes out at once; more of them come together, since each write to a
   * transport costs about as much as 40 KiB of it. */
  soon(): void {
    const wait = this.flushedMs + limits.fanoutDelayMs - this.options.now();
    if (wait <= 0) this.atTurnEnd();
    else this.delay ??= setTimeout(() => this.flush(), wait);
  }

  /** When there is time again, in `waitMs`. */
  later(waitMs: number): void {
    this.lack ??= setTimeout(() => this.flush(), waitMs);
  }

  /** What is to happen at the end of this turn still does. */
  stop(): void {
    clearInterval(this.sweeper);
    this.clear();
  }

  private flush(): void {
    this.clear();
    this.flushedMs = this.options.now();
    this.options.flush();
  }

  private clear(): void {
    clearTimeout(this.delay);
    clearTimeout(this.lack);
    this.delay = undefined;
    this.lack = undefined;
  }
}
