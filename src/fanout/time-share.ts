/**
 * What live views may take of a shard's time. The shard has one thread: whatever fan-out spends is
 * missing in ingest when both are busy, so it gets a share of the clock and no more. A thread that is
 * busy for less than `busyMin` of its time gives the rest up to that on top. Time that it did not need is saved up to
 * `limits.fanoutSavedMsMax`.
 */
import { limits } from "../config/limits.ts";

export interface ThreadClock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds of processor time that this thread has used. */
  readonly used: () => number;
}

/** Less than all: a thread that waits for a core looks idle, too. */
const busyMin = 0.75;

export class TimeShare {
  private readonly clock: ThreadClock;
  private last: number;
  private saved: number = limits.fanoutSavedMsMax;
  private begun = 0;
  private sampledAt: number;
  private sampledUse: number;
  private rate: number = limits.fanoutTimeShareMax;

  constructor(clock: ThreadClock) {
    this.clock = clock;
    this.last = clock.now();
    this.sampledAt = this.last;
    this.sampledUse = clock.used();
  }

  /** True when there is time to begin with something; then `spend` must follow. */
  begin(): boolean {
    const now = this.clock.now();
    if (now - this.sampledAt >= limits.fanoutSampleMs) this.sample(now);
    this.saved = Math.min(limits.fanoutSavedMsMax, this.saved + (now - this.last) * this.rate);
    this.last = now;
    this.begun = now;
    return this.saved > 0;
  }

  /**
   * Takes what has passed since `begin`, or since the last call, off the account; true when there is
   * time for more. What takes very long was interrupted by other threads, and is not charged whole.
   * @param bytes given to a transport: most of what they cost comes later, in the system's calls
   */
  spend(bytes = 0): boolean {
    const now = this.clock.now();
    this.saved -= Math.min(now - this.begun, limits.fanoutChargeMsMax);
    this.saved -= (bytes / 1024) * (limits.fanoutTransportNanosecondsPerKib / 1e6);
    this.begun = now;
    return this.saved > 0;
  }

  /** Milliseconds until `begin` says yes again. */
  wait(): number {
    return this.saved > 0 ? 0 : -this.saved / this.rate + 1;
  }

  private sample(now: number): void {
    const use = this.clock.used();
    const busy = (use - this.sampledUse) / (now - this.sampledAt);
    this.rate = limits.fanoutTimeShareMax + Math.max(0, busyMin - busy);
    this.sampledAt = now;
    this.sampledUse = use;
  }
}
