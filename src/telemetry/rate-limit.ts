/** Fixed-window rate limit for lines of log, a window for each event. */
import { assert } from "../base/assert.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";

export interface RateLimitOptions {
  /** Called once after a window that held lines back, with how many. */
  readonly summarize: (name: string, heldBack: number) => void;
  readonly linesMax?: number;
  readonly windowMs?: number;
  readonly clock?: Clock;
  /** Run `task` after `ms`; the default does not keep the process alive. */
  readonly schedule?: (task: () => void, ms: number) => void;
}

export interface RateLimit {
  /** Whether this line of the event may be written now. */
  allow(name: string): boolean;
  /** Summarize at once what is held back: for the end of the process. */
  flush(): void;
}

interface Window {
  startMs: number;
  lines: number;
  heldBack: number;
}

/** At most `linesMax` lines of each event within a window of `windowMs`, then one summary. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const linesMax = options.linesMax ?? limits.logLinesPerWindowMax;
  const windowMs = options.windowMs ?? limits.logWindowMs;
  const clock = options.clock ?? systemClock;
  const schedule = options.schedule ?? scheduleUnreferenced;
  const windows = new Map<string, Window>();

  function summarize(name: string, window: Window): void {
    const { heldBack } = window;
    window.heldBack = 0;
    if (heldBack > 0) options.summarize(name, heldBack);
  }

  return {
    allow(name: string): boolean {
      const nowMs = clock.monotonicMs();
      let window = windows.get(name);
      if (window === undefined || nowMs - window.startMs >= windowMs) {
        if (window !== undefined) summarize(name, window);
        window = { startMs: nowMs, lines: 0, heldBack: 0 };
        windows.set(name, window);
        assert(windows.size <= limits.logEventsMax, `event names are literals: ${name}`);
      }
      if (window.lines < linesMax) {
        window.lines += 1;
        return true;
      }
      const ending = window;
      if (ending.heldBack === 0) {
        schedule(() => summarize(name, ending), ending.startMs + windowMs - nowMs);
      }
      ending.heldBack += 1;
      return false;
    },
    flush(): void {
      for (const [name, window] of windows) summarize(name, window);
    },
  };
}

function scheduleUnreferenced(task: () => void, ms: number): void {
  setTimeout(task, ms).unref();
}
