/** What fan-out needs to encode a batch for live views; the node provides it. */
import type { Batch } from "../pipeline/batch.ts";
import type { EncodedPackets } from "../pipeline/encoded-packets.ts";

/** Makes what subscribers get of a batch: the received bytes and what the node found out. */
export interface BatchEncoder {
  encode(batch: Batch): EncodedPackets;
  /** Ceiling of what `writeHead` writes. */
  headBytesMax(batch: Batch): number;
  /** Writes all fields of PacketBatch but the packets at `at`; returns the offset after them. */
  writeHead(batch: Batch, target: Buffer, at: number): number;
}
