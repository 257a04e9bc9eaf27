/**
 * Token bucket of milliseconds: what live views may take of a shard's time. The shard has one thread:
 * whatever fan-out spends is missing in ingest when both are busy, so it gets a share of the clock and
 * no more. What the thread does not need of its time goes on top, but for a tenth; a thread that waits
 * for a core needs it, so that on a machine without an idle core live views keep to their share on
 * every shard. Time that was not needed is saved up to `limits.fanoutSavedMsMax`.
 */
import { limits } from "../config/limits.ts";

export interface ThreadClock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds that this thread ran, or waited for a core. */
  readonly busy: () => number;
}

const busyMin = 0.9;

export class TimeShare {
  private readonly clock: ThreadClock;
  private last: number;
  private saved: number = limits.fanoutSavedMsMax;
  private begun = 0;
  private sampledAt: number;
  private sampledBusy: number;
  private rate: number = limits.fanoutTimeShareMax;

  constructor(clock: ThreadClock) {
    this.clock = clock;
    this.last = clock.now();
    this.sampledAt = this.last;
    this.sampledBusy = clock.busy();
  }

  /** To be called before something is done that `spend` is then told of; the milliseconds that are left. */
  begin(): number {
    const now = this.clock.now();
    if (now - this.sampledAt >= limits.fanoutSampleMs) this.sample(now);
    this.saved = Math.min(limits.fanoutSavedMsMax, this.saved + (now - this.last) * this.rate);
    this.last = now;
    this.begun = now;
    return this.saved;
  }

  /**
   * Takes what has passed since `begin`, or since the last call, off the account; returns what is left.
   * What takes very long was interrupted by other threads, and is not charged whole. Writing to an HTTP/2
   * stream ends in the system's call, so that most of its cost is in that time.
   */
  spend(): number {
    const now = this.clock.now();
    this.saved -= Math.min(now - this.begun, limits.fanoutChargeMsMax);
    this.begun = now;
    return this.saved;
  }

  /** Milliseconds until there is time again. */
  wait(): number {
    return this.saved > 0 ? 0 : -this.saved / this.rate + 1;
  }

  private sample(now: number): void {
    const busy = this.clock.busy();
    const part = (busy - this.sampledBusy) / (now - this.sampledAt);
    this.rate = limits.fanoutTimeShareMax + Math.max(0, busyMin - part);
    this.sampledAt = now;
    this.sampledBusy = busy;
  }
}
