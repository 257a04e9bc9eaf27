/** What happens to the node and its threads. */
export const nodeEvent = {
  listening: { name: "node-listening", level: "info" },
  /** No file was asked for. */
  recordingOff: { name: "node-recording-off", level: "warn" },
  /** What is acknowledged can be lost: `--ack memory`. */
  ackMemory: { name: "node-ack-memory", level: "warn" },
  fewOpenFiles: { name: "node-few-open-files", level: "warn" },
  /** SIGHUP came. */
  reloading: { name: "node-reloading", level: "info" },
  stopping: { name: "node-stopping", level: "info" },
  stopped: { name: "node-stopped", level: "info" },
  /** The line of counters (`--stats`), and one for each hunter that sent something. */
  stats: { name: "node-stats", level: "info" },
  hunterStats: { name: "node-hunter-stats", level: "info" },
  /** The process was stopped, or its machine. */
  frozen: { name: "node-frozen", level: "warn" },
  /** The loop of a shard stood still: its thread is ended. */
  shardHung: { name: "node-shard-hung", level: "error" },
  /** The thread of a shard threw. */
  shardFailed: { name: "node-shard-failed", level: "error" },
  shardRestarting: { name: "node-shard-restarting", level: "error" },
  /** A shard that was started anew cannot listen. */
  shardNotListening: { name: "node-shard-not-listening", level: "error" },
  shardListening: { name: "node-shard-listening", level: "info" },
  /** Only in builds with FAULTS. */
  fault: { name: "node-fault", level: "warn" },
} as const;
