/** The accepted packets of one batch as subscribers get them; overwritten by the next batch. */
export interface EncodedPackets {
  readonly bytes: Buffer;
  /** Accepted packets, in order. */
  readonly count: number;
  /** Per entry: its index in the batch's view. */
  readonly index: Uint32Array;
  /** Per entry: its field 4 of PacketBatch, with tag and length, is `bytes[start, end)`. Each begins where
   * the one before ends. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}
