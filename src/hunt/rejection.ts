/** Finds batches that the processor will never take, and gives them up. */
import { Code } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { Outbox, OutgoingBatch } from "./outbox.ts";

/**
 * Whether a stream's end says that a batch cannot be taken: INVALID_ARGUMENT (it cannot be decoded)
 * or RESOURCE_EXHAUSTED for its size; the same code for lack of room is no word about the batch.
 */
export function isRejection(code: number, details: string): boolean {
  if (code === Code.InvalidArgument) return true;
  return code === Code.ResourceExhausted && /larger than|too large|message size/i.test(details);
}

/**
 * Counts a rejection against the oldest batch; when it is its second, takes it out of the outbox and
 * returns it. The outbox must have been rewound.
 */
export function judgeOldest(outbox: Outbox): OutgoingBatch | undefined {
  const batch = outbox.oldest;
  if (batch === undefined) return undefined;
  batch.rejections += 1;
  if (batch.rejections < limits.huntRejectionsMax) return undefined;
  outbox.setAside();
  return batch;
}
