/**
 * Every ceiling of the node: queues, maps, streams, messages, timers.
 * docs/limits.md gives each with its worst-case memory; test/unit/config/limits.test.ts ties the two.
 */
export const limits = {
  // --- the wire -----------------------------------------------------------------------------------
  /** One gRPC message from a client, default of --max-message-size. A paused hunter resumes with one
   * huge batch. */
  messageBytesMax: 32 * 1024 * 1024,
  /** Packets in one batch: more than 32 MiB of smallest Ethernet frames can be. */
  batchPacketsMax: 524_288,
  /** One packet's bytes: what Wireshark accepts in a capture file. */
  packetBytesMax: 262_144,
  hunterIdBytesMax: 1024,
  interfaceNameBytesMax: 256,
  /** Nesting of unknown groups that the batch walker follows. */
  groupDepthMax: 32,

  // --- recording ----------------------------------------------------------------------------------
  /** Bytes offered to the recorder and not yet done, over all shards; also the size of each ring. */
  recordRingBytes: 64 * 1024 * 1024,
  /** Bytes that the recorder writes and commits as one group. */
  recordGroupBytesMax: 1024 * 1024,
  /** Longest time from a write to its fdatasync with --ack synced. */
  syncDelayMsMax: 10,
  /** (hunter, interface, link type) entries of one shard, and of one file section. */
  interfacesMax: 65_536,

  // --- detection ----------------------------------------------------------------------------------
  /** Conversations that one shard remembers. */
  conversationsMax: 65_536,
  /** Packets of one conversation that are shown to the detectors before it stays unlabelled. */
  conversationProbesMax: 12,

  // --- threads ------------------------------------------------------------------------------------
  shardsMax: 8,
} as const;
