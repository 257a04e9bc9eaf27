/** What happens to the packet streams of a shard. */
export const ingestEvent = {
  /** Admission turned away packets of a batch. */
  packetsRejected: { name: "ingest-packets-rejected", level: "warn", limited: true },
  /** A stream was ended by us, for what came on it. */
  streamEnded: { name: "ingest-stream-ended", level: "warn", limited: true },
} as const;
