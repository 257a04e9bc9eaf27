/**
 * What live views may take of a shard's time. The shard has one thread: whatever fan-out spends is
 * missing in ingest when both are busy, so it gets a share of the clock and no more. Time that it did
 * not need is saved up to `limits.fanoutSavedMsMax`.
 */
import { limits } from "../config/limits.ts";

export class TimeShare {
  private readonly now: () => number;
  private last: number;
  private saved: number = limits.fanoutSavedMsMax;
  private begun = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.now = now;
    this.last = now();
  }

  /** True when there is time to begin with something; then `end` must follow. */
  begin(): boolean {
    const now = this.now();
    const gained = (now - this.last) * limits.fanoutTimeShareMax;
    this.last = now;
    this.saved = Math.min(limits.fanoutSavedMsMax, this.saved + gained);
    this.begun = now;
    return this.saved > 0;
  }

  /** Takes what has passed since `begin` off the account; true when there is time for more. */
  spend(): boolean {
    const now = this.now();
    this.saved -= now - this.begun;
    this.begun = now;
    return this.saved > 0;
  }

  /** Milliseconds until `begin` says yes again. */
  wait(): number {
    return this.saved > 0 ? 0 : -this.saved / limits.fanoutTimeShareMax + 1;
  }
}
