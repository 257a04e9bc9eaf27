import type { Batch } from "../pipeline/batch.ts";

/** The packets of one batch as subscribers get them; overwritten by the next call. */
export interface EncodedPackets {
  readonly bytes: Buffer;
  /** Entries: the accepted packets of the batch, in order. */
  readonly count: number;
  /** Per entry: its index in the batch's view. */
  readonly index: Uint32Array;
  /** Per entry: where its field 4 of PacketBatch, with tag and length, begins and ends in `bytes`; each
   * begins where the one before ends. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/** Makes what subscribers get of a batch: the received bytes and what the node found out. */
export interface BatchEncoder {
  encode(batch: Batch): EncodedPackets;
  /** Ceiling of what `writeHead` writes. */
  headBytesMax(batch: Batch): number;
  /** Writes all fields of PacketBatch but the packets at `at`; returns the offset after them. */
  writeHead(batch: Batch, target: Buffer, at: number): number;
}
