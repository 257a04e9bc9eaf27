/** Events: what happened, counted and logged together. */
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { LogLevel } from "../config/log-config.ts";
import type { Log } from "./log.ts";
import type { LogFields } from "./log-record.ts";
import { createRateLimit, type RateLimitOptions } from "./rate-limit.ts";

/** What happened, counted and told by one call, so that counter and log cannot disagree. */
export interface Events {
  /**
   * Add `n` (default 1) to the counter `name`; with a `message` also log it, at `warn` unless
   * `level` says otherwise, rate-limited per name. A room's `events.ts` gives the names.
   */
  count(name: string, n?: number, message?: string, fields?: LogFields, level?: LogLevel): void;
  /** A copy of all counters by name. */
  counters(): Record<string, number>;
  /** Log what the rate limit holds back. */
  flush(): void;
}

export type EventsOptions = Omit<RateLimitOptions, "summarize">;

export function createEvents(log: Log, options: EventsOptions = {}): Events {
  const counters = new Map<string, number>();
  const shown = new Map<string, { message: string; level: LogLevel }>();
  const rateLimit = createRateLimit({
    ...options,
    summarize: (name, heldBack) => {
      const { message, level } = shown.get(name) ?? { message: name, level: "warn" };
      const count = heldBack.toLocaleString("en-US");
      const sample = quoteText(message, limits.logSampleCharsMax);
      const lines = heldBack === 1 ? "line" : "lines";
      log[level](name, `${count} more ${lines} like the last ${sample}`, { lines: heldBack });
    },
  });
  return {
    count(name, n = 1, message, fields, level = "warn") {
      counters.set(name, (counters.get(name) ?? 0) + n);
      if (message === undefined) return;
      if (!rateLimit.admit(name)) return;
      shown.set(name, { message, level });
      log[level](name, message, fields);
    },
    counters: () => Object.fromEntries(counters),
    flush: () => rateLimit.flush(),
  };
}
