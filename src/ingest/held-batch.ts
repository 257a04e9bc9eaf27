/** A batch that waits for room in the sink. */
import type { PendingAck } from "./ack-queue.ts";
import type { HunterEntry } from "./hunter-table.ts";

/** A batch of which the sink took only a part; its bytes stay valid until it is taken whole. */
export interface HeldBatch {
  readonly message: Buffer;
  /** First packet not taken. */
  readonly from: number;
  readonly hunter: HunterEntry;
  /** What detection said: it sees each packet once. */
  readonly labels: Uint8Array;
  readonly ack: Omit<PendingAck, "position">;
}
