import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { admit, admitted, rejectionError } from "../../../src/ingest/admission.ts";
import { LinkTypeGate } from "../../../src/ingest/link-type-gate.ts";
import { rejection, rejectionTexts } from "../../../src/pipeline/rejection.ts";
import { makeBatch, type PacketToEncode } from "../../support/encode-batch.ts";

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
  expect(admit(batch, new LinkTypeGate())).toBe(3);
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
  expect([...admitted]).toEqual([5, 1, 1, 1, 0, 0, 0]);
  expect(rejectionError(8, 3)).toStartWith("3 of 8 packets rejected: ");
  expect(rejectionError(8, 0)).toBe("");
});

test("what an earlier batch left behind does not count", () => {
  const batch = makeBatch({ packets: [{ data: Buffer.alloc(1), captureLength: 2 }] });
  expect(admit(batch, new LinkTypeGate())).toBe(1);
  const next = makeBatch({ packets: [{ data: Buffer.alloc(1) }] });
  next.rejections.fill(9);
  expect(admit(next, new LinkTypeGate())).toBe(0);
  expect(next.rejections[0]).toBe(0);
});

test("the arrays grow with the batch", () => {
  const packets = Array.from({ length: 3000 }, () => ({ data: Buffer.alloc(1) }));
  const batch = makeBatch({ packets });
  batch.rejections = new Uint8Array(10);
  batch.labels = new Uint8Array(10);
  expect(admit(batch, new LinkTypeGate())).toBe(0);
  expect(batch.rejections.length).toBeGreaterThanOrEqual(3000);
  expect(batch.labels.length).toBeGreaterThanOrEqual(3000);
});

test("every rejection has its text, and the texts name the limits that hold", () => {
  expect(rejectionTexts.length).toBe(Object.keys(rejection).length);
  expect(rejectionTexts[rejection.tooLong]).toContain(String(limits.packetBytesMax));
  expect(rejectionTexts[rejection.tooManyLinkTypes]).toContain(String(limits.linkTypesMax));
});

function verdicts(gate: LinkTypeGate, packets: readonly PacketToEncode[]): number[] {
  const batch = makeBatch({ packets });
  admit(batch, gate);
  return [...batch.rejections.subarray(0, packets.length)];
}

test("what is shorter than the header of its link type is rejected, wherever it stands", () => {
  const { none, shortHeader, foreignHeader } = rejection;
  const irda = Buffer.alloc(16);
  irda[15] = 0x17;
  const packets = [
    { data: Buffer.alloc(0), linkType: 1 },
    { data: Buffer.alloc(1), linkType: 245 },
    { data: Buffer.alloc(2), linkType: 245 },
    { data: Buffer.alloc(0), linkType: 1 },
    { data: Buffer.alloc(0), linkType: 245 },
    { data: Buffer.alloc(16), linkType: 144 },
    { data: irda, linkType: 144 },
    { data: irda.subarray(1), linkType: 144 },
    { data: Buffer.alloc(0), linkType: 0 },
  ];
  const expected = [
    ...[none, shortHeader, none, none, shortHeader],
    ...[foreignHeader, none, shortHeader, none],
  ];
  const gate = new LinkTypeGate();
  expect(verdicts(gate, packets)).toEqual(expected);
  expect(verdicts(gate, packets)).toEqual(expected);
});

test("a shard takes so many link types, and ordinary ones even then", () => {
  const gate = new LinkTypeGate();
  const of = (linkType: number, bytes = 60) => ({ data: Buffer.alloc(bytes), linkType });
  // Rejected packets take no place.
  for (const linkType of [70_000, 245]) verdicts(gate, [of(linkType, 0)]);
  const odd = Array.from({ length: 200 }, (_, index) => of(1000 + index));
  const answers = verdicts(gate, odd);
  const taken = answers.filter((answer) => answer === rejection.none).length;
  expect(taken).toBeLessThan(limits.linkTypesMax);
  expect(taken).toBeGreaterThan(limits.linkTypesMax - 10);
  expect(answers.slice(taken)).toEqual(odd.slice(taken).map(() => rejection.tooManyLinkTypes));
  expect(verdicts(gate, odd)).toEqual(answers);
  const ordinary = [0, 1, 101, 105, 108, 113, 127, 276].map((linkType) => of(linkType));
  expect(verdicts(gate, ordinary)).toEqual(ordinary.map(() => rejection.none));
  expect(verdicts(gate, [of(245)])).toEqual([rejection.tooManyLinkTypes]);
});
