import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { admit, admitted, rejectionError } from "../../../src/ingest/admission.ts";
import { rejection, rejectionTexts } from "../../../src/pipeline/rejection.ts";
import { makeBatch } from "../../support/encode-batch.ts";

const longest = Buffer.alloc(limits.packetBytesMax);

test("each packet has the first reason that fits it, or none", () => {
  const batch = makeBatch({
    packets: [
      { data: Buffer.alloc(0) },
      { data: Buffer.alloc(5), captureLength: 6, linkType: 70_000 },
      { data: longest },
      { data: Buffer.alloc(limits.packetBytesMax + 1), linkType: 70_000 },
      { data: Buffer.alloc(5), linkType: 65_535 },
      { data: Buffer.alloc(5), linkType: 65_536 },
      // What was snapped has a longer original, and what was padded a shorter one: both are kept.
      { data: Buffer.alloc(5), originalLength: 1500 },
      { data: Buffer.alloc(5), originalLength: 2 },
    ],
  });
  expect(admit(batch)).toBe(3);
  const { none, captureLength, tooLong, linkType } = rejection;
  expect([...batch.rejections.subarray(0, 8)]).toEqual([
    none,
    captureLength,
    none,
    tooLong,
    none,
    linkType,
    none,
    none,
  ]);
  expect([...admitted]).toEqual([5, 1, 1, 1]);
  expect(rejectionError(8, 3)).toStartWith("3 of 8 packets rejected: ");
  expect(rejectionError(8, 0)).toBe("");
});

test("what an earlier batch left behind does not count", () => {
  const batch = makeBatch({ packets: [{ data: Buffer.alloc(1), captureLength: 2 }] });
  expect(admit(batch)).toBe(1);
  const next = makeBatch({ packets: [{ data: Buffer.alloc(1) }] });
  next.rejections.fill(9);
  expect(admit(next)).toBe(0);
  expect(next.rejections[0]).toBe(0);
});

test("the arrays grow with the batch", () => {
  const packets = Array.from({ length: 3000 }, () => ({ data: Buffer.alloc(1) }));
  const batch = makeBatch({ packets });
  batch.rejections = new Uint8Array(10);
  batch.labels = new Uint8Array(10);
  expect(admit(batch)).toBe(0);
  expect(batch.rejections.length).toBeGreaterThanOrEqual(3000);
  expect(batch.labels.length).toBeGreaterThanOrEqual(3000);
});

test("every rejection has its text, and the texts name the limits that hold", () => {
  expect(rejectionTexts.length).toBe(Object.keys(rejection).length);
  expect(rejectionTexts[rejection.tooLong]).toContain(String(limits.packetBytesMax));
});
