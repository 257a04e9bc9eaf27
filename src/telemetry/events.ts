/** Events of a thread: what happened is counted and told by one call, so that the two agree. */
import { assert } from "../base/assert.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Log } from "./log.ts";
import type { LogFields } from "./log-record.ts";
import { createRateLimit, type RateLimitOptions } from "./rate-limit.ts";
import { type RoomEvent, telemetryEvent } from "./room-events.ts";

/** How often each event happened, by its name. Plain data: workers post it to control. */
export type EventCounts = Readonly<Record<string, number>>;

/** Writes the line of an event and adds `n` (default 1) to its counter. */
export type Tell = (event: RoomEvent, message: string, fields?: LogFields, n?: number) => void;

export interface Events {
  readonly tell: Tell;
  /** Adds what a worker has counted. */
  add(counts: EventCounts): void;
  /** What was told since the last call; undefined when there was nothing. */
  takeCounts(): EventCounts | undefined;
  /** All counters since the start. */
  counts(): EventCounts;
  /** Log what the rate limit holds back. */
  flush(): void;
}

export type EventsOptions = Omit<RateLimitOptions, "summarize">;

export function createEvents(log: Log, options: EventsOptions = {}): Events {
  const totals = new Map<string, number>();
  const taken = new Map<string, number>();
  const shown = new Map<string, { event: RoomEvent; message: string }>();
  const rateLimit = createRateLimit({
    ...options,
    summarize: (name, heldBack) => {
      const last = shown.get(name);
      assert(last !== undefined, `${name} was held back before it was shown`);
      const count = heldBack.toLocaleString("en-US");
      const sample = quoteText(last.message, limits.logSampleCharsMax);
      const lines = heldBack === 1 ? "line" : "lines";
      const text = `${count} more ${lines} like the last ${sample}`;
      log[last.event.level](name, text, { lines: heldBack });
    },
  });

  function count(name: string, n: number): void {
    totals.set(name, (totals.get(name) ?? 0) + n);
    assert(totals.size <= limits.logEventsMax, `event names are literals: ${name}`);
  }

  return {
    tell(event, message, fields, n = 1) {
      const { name, level } = event;
      count(name, n);
      if (event.limited === true) {
        if (!rateLimit.allow(name)) return;
        shown.set(name, { event, message });
      }
      log[level](name, message, fields);
    },
    add(counts) {
      for (const [name, n] of Object.entries(counts)) count(name, n);
    },
    takeCounts() {
      const counts: Record<string, number> = {};
      for (const [name, n] of totals) {
        const since = n - (taken.get(name) ?? 0);
        if (since > 0) counts[name] = since;
        taken.set(name, n);
      }
      return Object.keys(counts).length === 0 ? undefined : counts;
    },
    counts() {
      const dropped = log.droppedLines();
      const own = dropped === 0 ? {} : { [telemetryEvent.linesDropped.name]: dropped };
      return { ...Object.fromEntries(totals), ...own };
    },
    flush: () => rateLimit.flush(),
  };
}
