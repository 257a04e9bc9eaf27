/** Which packets of a decoded batch are accepted (docs/ingest.md). */
import { limits } from "../config/limits.ts";
import type { Batch } from "../pipeline/batch.ts";
import { rejection, rejectionTexts } from "../pipeline/rejection.ts";
import type { LinkTypeGate } from "./link-type-gate.ts";

/** Packets by rejection of the last `admit`, index 0 = accepted. Overwritten by the next call. */
export const admitted = new Uint32Array(rejectionTexts.length);

/**
 * Fills `batch.rejections` and `admitted`; returns how many packets were rejected.
 * @param gate the shard's own; a batch that is admitted a second time gets the same answers
 */
export function admit(batch: Batch, gate: LinkTypeGate): number {
  const { view } = batch;
  if (batch.rejections.length < view.count) batch.rejections = new Uint8Array(view.capacity);
  if (batch.labels.length < view.count) batch.labels = new Uint8Array(view.capacity);
  const { rejections } = batch;
  const { captureLength, dataLength, linkType: linkTypes } = view;
  admitted.fill(0);
  // The link type of the packet before, when all packets of it are taken.
  let simpleLinkType = -1;
  for (let index = 0; index < view.count; index++) {
    const length = dataLength[index] as number;
    const linkType = linkTypes[index] as number;
    let reason: number = rejection.none;
    if (captureLength[index] !== length) reason = rejection.captureLength;
    else if (length > limits.packetBytesMax) reason = rejection.tooLong;
    else if (linkType !== simpleLinkType) {
      reason = gate.judge(linkType, view.bytes, view.dataStart[index] as number, length);
      simpleLinkType = gate.isSimple(linkType) ? linkType : -1;
    }
    rejections[index] = reason;
    admitted[reason] = (admitted[reason] as number) + 1;
  }
  return view.count - (admitted[rejection.none] as number);
}

/** The ack's `error` for the batch that was just admitted, "" when nothing was rejected. */
export function rejectionError(packets: number, rejected: number): string {
  if (rejected === 0) return "";
  const reasons: string[] = [];
  for (let reason = 1; reason < admitted.length; reason++) {
    const count = admitted[reason] as number;
    if (count > 0) reasons.push(`${rejectionTexts[reason]} (${count})`);
  }
  return `${rejected} of ${packets} packets rejected: ${reasons.join(", ")}`;
}
