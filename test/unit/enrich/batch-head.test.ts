import { expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { batchHeadBytesMax, writeBatchHead } from "../../../src/enrich/batch-head.ts";
import {
  type PacketBatch,
  PacketBatchSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { wrapBatch } from "../../support/encode-batch.ts";
import { concat, hex } from "../../support/packets.ts";

function headOf(bytes: Uint8Array, hunterId: string): PacketBatch {
  const batch = wrapBatch(bytes, hunterId, 1);
  const target = Buffer.alloc(batchHeadBytesMax(batch) + 3);
  const end = writeBatchHead(batch, target, 3);
  expect(end - 3).toBeLessThanOrEqual(batchHeadBytesMax(batch));
  return fromBinary(PacketBatchSchema, target.subarray(3, end));
}

test("the head of a batch is that of the received one", () => {
  const sent = create(PacketBatchSchema, {
    hunterId: "østre",
    sequence: 2n ** 64n - 1n,
    timestampNs: -1n,
    stats: {
      totalCaptured: 2n ** 63n + 5n,
      filteredMatched: 300n,
      dropped: 2n ** 32n,
      bufferUsage: 4_294_967_295,
    },
  });
  expect(headOf(toBinary(PacketBatchSchema, sent), "x")).toEqual(sent);
  const small = create(PacketBatchSchema, { hunterId: "a", sequence: 127n, stats: {} });
  expect(headOf(toBinary(PacketBatchSchema, small), "x")).toEqual(small);
  const bare = create(PacketBatchSchema, { hunterId: "a", sequence: 128n, timestampNs: 1n });
  expect(headOf(toBinary(PacketBatchSchema, bare), "x")).toEqual(bare);
});

test("a hunter without a name has the node's", () => {
  expect(headOf(hex("1001"), "192.0.2.1 (ø)").hunterId).toBe("192.0.2.1 (ø)");
  expect(headOf(hex("0a02ffff"), "unnamed").hunterId).toBe("unnamed");
});

test("what is unknown or foreign in stats is not passed on", () => {
  const long = new Uint8Array(10_000);
  const unknown = concat(hex("7a 904e"), long);
  const stats = concat(hex("0805 12 01 ff"), unknown);
  const bytes = concat(hex("2a"), [(stats.length & 0x7f) | 0x80, stats.length >> 7], stats);
  expect(batchHeadBytesMax(wrapBatch(bytes, "a", 1))).toBeLessThan(100);
  expect(headOf(bytes, "a").stats).toMatchObject({ totalCaptured: 5n, filteredMatched: 0n });
});
