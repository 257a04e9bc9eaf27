/** A batch on its way through a shard. */
import type { PacketBatchView } from "../wire/packet-batch.ts";

/**
 * One batch on its way through a shard: what the walker found, whose it is, and what detection said.
 *
 * One object per shard, filled anew for each batch; nobody may keep a reference past the call that
 * was given it. The bytes belong to the door and are overwritten after the batch was taken.
 */
export interface Batch {
  readonly view: PacketBatchView;
  /** Number of the hunter within this shard; the same for the same hunter id while the shard lives. */
  hunterNumber: number;
  hunterId: string;
  /** Per packet, by index: why it was rejected (`rejection.ts`), 0 = accepted. */
  rejections: Uint8Array;
  /** Per packet, by index: protocol number of the detector registry, 0 = unlabelled. */
  labels: Uint8Array;
}
