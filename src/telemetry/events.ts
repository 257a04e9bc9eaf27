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
  const levels = new Map<string, LogLevel>();
  const rateLimit = createRateLimit({
    ...options,
    summarize: (name, heldBack) => {
      const more = heldBack.toLocaleString("en-US");
      log[levels.get(name) ?? "warn"](name, `${name}: … and ${more} more`, { more: heldBack });
    },
  });
  return {
    count(name, n = 1, message, fields, level = "warn") {
      counters.set(name, (counters.get(name) ?? 0) + n);
      if (message === undefined) return;
      levels.set(name, level);
      if (rateLimit.admit(name)) log[level](name, message, fields);
    },
    counters: () => Object.fromEntries(counters),
    flush: () => rateLimit.flush(),
  };
}
