/**
 * A clock that stands still while its process does: after SIGSTOP, or a pause of the virtual machine, no
 * deadline is over, and no peer was silent, only because nobody was there to see.
 */
import type { Clock } from "./clock.ts";

export interface RunningClockOptions {
  readonly clock: Clock;
  /** The thread asks the clock at least this often, ms. */
  readonly tickMs: number;
  /** Between two questions that are further apart than this, ms, the thread did not run. */
  readonly gapMsMax: number;
  /** Told once for each such gap, ms. */
  readonly onGap: (gapMs: number) => void;
}

/** The clock of the calling thread; a timer that keeps nobody alive asks it. */
export function createRunningClock(options: RunningClockOptions): Clock {
  const { clock, tickMs, gapMsMax, onGap } = options;
  let asked = clock.monotonicMs();
  let missed = 0;
  const monotonicMs = (): number => {
    const now = clock.monotonicMs();
    const gap = now - asked;
    asked = now;
    if (gap > gapMsMax) {
      missed += gap;
      onGap(gap);
    }
    return now - missed;
  };
  setInterval(monotonicMs, tickMs).unref();
  return { monotonicMs, wallMs: () => clock.wallMs(), random: () => clock.random() };
}
