/** Exponential backoff with jitter. */
import type { Clock } from "./clock.ts";

export interface BackoffOptions {
  /** The first delay, and the longest. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly clock: Pick<Clock, "random">;
}

/**
 * Delays between attempts: doubling from `minMs` to `maxMs`, each taken at random from the upper
 * half of its step, so that many clients of one server do not come back together.
 */
export interface Backoff {
  /** The next delay in milliseconds. */
  next(): number;
  /** To be called when an attempt led to something: the next delay is the first again. */
  reset(): void;
}

export function createBackoff(options: BackoffOptions): Backoff {
  let stepMs = options.minMs;
  return {
    next(): number {
      const delayMs = stepMs * (0.5 + options.clock.random() / 2);
      stepMs = Math.min(stepMs * 2, options.maxMs);
      return delayMs;
    },
    reset(): void {
      stepMs = options.minMs;
    },
  };
}
