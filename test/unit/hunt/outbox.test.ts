import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { Outbox, type OutgoingBatch } from "../../../src/hunt/outbox.ts";
import { isRejection, judgeOldest } from "../../../src/hunt/rejection.ts";

function batchOf(sequence: number): OutgoingBatch {
  return { sequence, packets: 2, message: Buffer.alloc(100), rejections: 0 };
}

const weight = 100 + limits.huntBatchOverheadBytes;

test("batches go out in order and are acknowledged from the oldest on", () => {
  const outbox = new Outbox();
  for (const sequence of [1, 2, 3]) outbox.push(batchOf(sequence));
  expect(outbox.acknowledge()).toBeUndefined();
  expect([outbox.takeUnsent()?.sequence, outbox.takeUnsent()?.sequence]).toEqual([1, 2]);
  expect(outbox.acknowledge()?.sequence).toBe(1);
  expect([outbox.length, outbox.sent, outbox.packets]).toEqual([2, 1, 4]);
  expect([outbox.bytes, outbox.unsentBytes]).toEqual([2 * weight, weight]);
});

test("after a rewind all that is left goes out again, from the oldest on", () => {
  const outbox = new Outbox();
  for (const sequence of [1, 2, 3]) outbox.push(batchOf(sequence));
  while (outbox.hasUnsent) outbox.takeUnsent();
  outbox.acknowledge();
  outbox.rewind();
  expect(outbox.unsentBytes).toBe(2 * weight);
  expect([outbox.takeUnsent()?.sequence, outbox.takeUnsent()?.sequence]).toEqual([2, 3]);
  expect(outbox.takeUnsent()).toBeUndefined();
});

test("the second rejection takes the oldest batch out", () => {
  const outbox = new Outbox();
  for (const sequence of [1, 2]) outbox.push(batchOf(sequence));
  expect(judgeOldest(outbox)).toBeUndefined();
  expect(judgeOldest(outbox)?.sequence).toBe(1);
  expect(outbox.oldest?.sequence).toBe(2);
  expect([outbox.bytes, outbox.unsentBytes]).toEqual([weight, weight]);
});

test("many batches: order and counts hold", () => {
  const outbox = new Outbox();
  let acknowledged = 0;
  for (let sequence = 1; sequence <= 10_000; sequence += 1) {
    outbox.push(batchOf(sequence));
    outbox.takeUnsent();
    if (sequence % 3 !== 0) expect(outbox.acknowledge()?.sequence).toBe(++acknowledged);
  }
  expect(outbox.length).toBe(10_000 - acknowledged);
  while (outbox.length > 0) expect(outbox.acknowledge()?.sequence).toBe(++acknowledged);
  expect([outbox.bytes, outbox.unsentBytes, outbox.sent]).toEqual([0, 0, 0]);
});

test("which ends of a stream refuse a batch", () => {
  expect(isRejection(3, "cannot be decoded")).toBe(true);
  expect(isRejection(8, "Received message larger than max (9 vs. 8)")).toBe(true);
  expect(isRejection(8, "grpc: received message larger than max (9 vs. 8)")).toBe(true);
  expect(isRejection(8, "too many streams")).toBe(false);
  expect(isRejection(14, "message too large")).toBe(false);
});
