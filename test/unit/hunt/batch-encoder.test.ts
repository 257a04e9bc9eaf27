import { expect, test } from "bun:test";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { BatchEncoder } from "../../../src/hunt/batch-encoder.ts";
import type { CapturePacket } from "../../../src/hunt/capture-packet.ts";
import {
  type PacketBatch,
  PacketBatchSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";

const edgeNumbers = [0, 1, 127, 128, 16_383, 16_384, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0xffff_ffff];
const edgeTimes = [
  0n,
  1n,
  127n,
  128n,
  (1n << 32n) - 1n,
  1n << 32n,
  (1n << 35n) - 1n,
  1n << 35n,
  1_700_000_000_123_456_789n,
  (1n << 56n) - 1n,
  1n << 56n,
  (1n << 63n) - 1n,
  -1n,
];

function packetOf(changes: Partial<CapturePacket>, timeNs = 0n): CapturePacket {
  const bits = BigInt.asUintN(64, timeNs);
  return {
    timeLow: Number(bits & 0xffff_ffffn),
    timeHigh: Number(bits >> 32n),
    linkType: 1,
    interfaceName: "eth0",
    interfaceIndex: 0,
    data: Buffer.from("data"),
    originalLength: 4,
    ...changes,
  };
}

/** Decodes with protobuf-es, and checks that it would have written the same bytes. */
function decode(message: Buffer): PacketBatch {
  const batch = fromBinary(PacketBatchSchema, message);
  expect(batch.$unknown).toBeUndefined();
  expect(Buffer.from(toBinary(PacketBatchSchema, batch)).equals(message)).toBe(true);
  return batch;
}

test("every field arrives as it was, at the edges of the encoding", () => {
  const encoder = new BatchEncoder("hunter-ü");
  const packets = [
    ...edgeTimes.map((time) => packetOf({}, time)),
    ...edgeNumbers.map((number) => packetOf({ originalLength: number, linkType: number })),
    ...edgeNumbers.map((number) => packetOf({ interfaceIndex: number, interfaceName: "" })),
    ...[0, 1, 127, 128, 20_000].map((size) => packetOf({ data: Buffer.alloc(size, 0xa5) })),
    packetOf({ interfaceName: "öäü".repeat(40) }),
  ];
  encoder.begin(2 ** 40 + 1, 1_700_000_000_123);
  for (const packet of packets) encoder.add(packet);
  expect(encoder.packets).toBe(packets.length);
  const batch = decode(encoder.finish({ captured: 2 ** 41, dropped: 300, bufferUsage: 7 }));
  expect(batch.hunterId).toBe("hunter-ü");
  expect(batch.sequence).toBe(2n ** 40n + 1n);
  expect(batch.timestampNs).toBe(1_700_000_000_123_000_000n);
  expect(batch.stats?.totalCaptured).toBe(2n ** 41n);
  expect(batch.stats?.filteredMatched).toBe(2n ** 41n);
  expect(batch.stats?.dropped).toBe(300n);
  expect(batch.stats?.bufferUsage).toBe(7);
  expect(batch.packets).toHaveLength(packets.length);
  for (const [at, packet] of packets.entries()) {
    const decoded = batch.packets[at];
    const time = BigInt.asIntN(64, (BigInt(packet.timeHigh) << 32n) | BigInt(packet.timeLow));
    expect(decoded?.timestampNs).toBe(time);
    expect(decoded?.originalLength).toBe(packet.originalLength);
    expect(decoded?.linkType).toBe(packet.linkType);
    expect(decoded?.interfaceIndex).toBe(packet.interfaceIndex);
    expect(decoded?.interfaceName).toBe(packet.interfaceName);
    expect(decoded?.captureLength).toBe(packet.data.length);
    expect(Buffer.from(decoded?.data ?? []).equals(Buffer.from(packet.data))).toBe(true);
  }
});

test("batches after each other do not share bytes", () => {
  const encoder = new BatchEncoder("h");
  const messages: Buffer[] = [];
  for (const sequence of [1, 2, 3]) {
    encoder.begin(sequence, 5);
    encoder.add(packetOf({ data: Buffer.alloc(1000 * sequence, sequence) }));
    messages.push(encoder.finish({ captured: sequence, dropped: 0, bufferUsage: 0 }));
  }
  for (const [at, message] of messages.entries()) {
    const batch = decode(message);
    expect(batch.sequence).toBe(BigInt(at + 1));
    expect(batch.packets).toHaveLength(1);
    expect(batch.packets[0]?.data).toEqual(new Uint8Array(1000 * (at + 1)).fill(at + 1));
  }
});

test("the longest packets fit until the batch has its limit", () => {
  const encoder = new BatchEncoder("h");
  const data = Buffer.alloc(limits.packetBytesMax, 9);
  encoder.begin(1, 1);
  while (encoder.bytes < limits.huntBatchBytesMax) encoder.add(packetOf({ data }));
  const { packets } = encoder;
  const message = encoder.finish({ captured: packets, dropped: 0, bufferUsage: 100 });
  expect(message.length).toBeLessThan(4 * 1024 * 1024);
  expect(decode(message).packets).toHaveLength(packets);
});
