/** Token bucket of the sending rate (`--rate`), and a meter of the rate in windows of a second. */
import type { Clock } from "../base/clock.ts";

/** The bucket holds so much: what a late timer missed is made up for; what was missed while blocked is not. */
const catchUpMs = 50;

/**
 * The bucket is kept as the time at which the next packet is due (the virtual scheduling of GCRA), so that
 * packets are spread evenly and late timers do not lower the rate.
 */
export class Pacer {
  readonly packetsPerSecond: number;
  private readonly clock: Pick<Clock, "monotonicMs">;
  private dueMs: number;

  constructor(packetsPerSecond: number, clock: Pick<Clock, "monotonicMs">) {
    this.packetsPerSecond = packetsPerSecond;
    this.clock = clock;
    this.dueMs = clock.monotonicMs();
  }

  /** Milliseconds until the next packet may go; 0 when it may go now. */
  delayMs(): number {
    return Math.max(0, this.dueMs - this.clock.monotonicMs());
  }

  spend(packets: number): void {
    const earliestMs = this.clock.monotonicMs() - catchUpMs;
    this.dueMs = Math.max(this.dueMs, earliestMs) + (packets * 1000) / this.packetsPerSecond;
  }
}

const meterWindowMs = 1000;
const meterMsMin = 100;

/** Packets a second over the last one to two seconds. */
export class RateMeter {
  private readonly clock: Pick<Clock, "monotonicMs">;
  private windowStartMs: number;
  private packets = 0;
  private previous: number | undefined;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.clock = clock;
    this.windowStartMs = clock.monotonicMs();
  }

  add(packets: number): void {
    this.turn();
    this.packets += packets;
  }

  perSecond(): number {
    const elapsedMs = this.turn();
    if (this.previous !== undefined && elapsedMs < meterWindowMs / 2) return this.previous;
    return (this.packets * 1000) / Math.max(elapsedMs, meterMsMin);
  }

  private turn(): number {
    const elapsedMs = this.clock.monotonicMs() - this.windowStartMs;
    if (elapsedMs < meterWindowMs) return elapsedMs;
    this.previous = (this.packets * 1000) / elapsedMs;
    this.packets = 0;
    this.windowStartMs += elapsedMs;
    return 0;
  }
}
