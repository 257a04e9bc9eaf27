/** What happens to live views, by the names that `FanoutNote` gives. */
export const fanoutEvent = {
  "subscriber-joined": { name: "fanout-subscriber-joined", level: "info", limited: true },
  "subscriber-left": { name: "fanout-subscriber-left", level: "info", limited: true },
  /** A live view lost batches because its client reads too slowly. */
  "subscriber-slow": { name: "fanout-subscriber-slow", level: "warn", limited: true },
  /** A live view lost batches because the shard had no time for it. */
  "live-views-late": { name: "fanout-late", level: "warn", limited: true },
} as const;
