/** The fields of an enriched batch beside its packets: the same as in the batch that was received. */
import type { Batch } from "../pipeline/batch.ts";
import { FieldCursor, wireType } from "../wire/field-cursor.ts";
import type { PacketBatchView } from "../wire/packet-batch.ts";
import { writeVarint } from "./field-writer.ts";
import { isText } from "./sound-message.ts";

const field = { hunterId: 1, sequence: 2, timestamp: 3, stats: 5 } as const;
const statsFields = 4;
/** Tag and value of a varint, and those of all fields but the hunter's id. */
const varintFieldBytesMax = 11;
const otherBytesMax = varintFieldBytesMax * (2 + statsFields) + 2;
const cursor = new FieldCursor();

/** Bytes that `writeBatchHead` writes at most. */
export function batchHeadBytesMax(batch: Batch): number {
  return 6 + Math.max(batch.view.hunterIdLength, batch.hunterId.length * 3) + otherBytesMax;
}

/**
 * Writes hunter_id, sequence, timestamp_ns and stats of the batch into `target` from `at` on, and returns
 * the offset behind them. An empty hunter_id, or one that is no UTF-8, gets the name that the node has
 * for the hunter. Of the stats the known fields are written anew: what else is in them may be long.
 */
export function writeBatchHead(batch: Batch, target: Buffer, at: number): number {
  const { view } = batch;
  let next = writeHunterId(batch, target, at);
  next = writeNumber(target, next, field.sequence, view.sequenceLow, view.sequenceHigh);
  next = writeNumber(target, next, field.timestamp, view.timeLow, view.timeHigh);
  return view.hasStats ? writeStats(view, target, next) : next;
}

function writeHunterId({ view, hunterId }: Batch, target: Buffer, at: number): number {
  const { bytes, hunterIdStart, hunterIdLength } = view;
  const end = hunterIdStart + hunterIdLength;
  const isReceived = hunterIdLength > 0 && isText(bytes, hunterIdStart, end);
  const length = isReceived ? hunterIdLength : Buffer.byteLength(hunterId);
  target[at] = (field.hunterId << 3) | wireType.bytes;
  const textAt = writeVarint(target, at + 1, length);
  if (isReceived) target.set(bytes.subarray(hunterIdStart, end), textAt);
  else target.write(hunterId, textAt, "utf8");
  return textAt + length;
}

function writeStats(view: PacketBatchView, target: Buffer, at: number): number {
  const { bytes, statsStart, statsLength } = view;
  const lows = new Uint32Array(statsFields + 1);
  const highs = new Uint32Array(statsFields + 1);
  cursor.open(bytes, statsStart, statsStart + statsLength);
  while (cursor.next()) {
    if (cursor.field > statsFields || cursor.type !== wireType.varint) continue;
    lows[cursor.field] = cursor.low;
    highs[cursor.field] = cursor.high;
  }
  target[at] = (field.stats << 3) | wireType.bytes;
  let next = at + 2;
  for (let number = 1; number <= statsFields; number++) {
    next = writeNumber(target, next, number, lows[number] as number, highs[number] as number);
  }
  target[at + 1] = next - at - 2;
  return next;
}

/** A varint field of 64 bits in two halves; 0 is left out, as proto3 has it. */
function writeNumber(
  target: Buffer,
  at: number,
  number: number,
  low: number,
  high: number,
): number {
  if (low === 0 && high === 0) return at;
  target[at] = number << 3;
  let next = at + 1;
  let lowRest = low;
  let highRest = high;
  while (highRest !== 0 || lowRest > 0x7f) {
    target[next++] = (lowRest & 0x7f) | 0x80;
    lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
    highRest >>>= 7;
  }
  target[next] = lowRest;
  return next + 1;
}
