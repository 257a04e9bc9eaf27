import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { CapturedPacketSchema } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import {
  PacketBatchView,
  walkOutcome,
  walkOutcomeText,
  walkPacketBatch,
} from "../../../src/wire/packet-batch.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { concat, hex, text } from "../../support/packets.ts";

function walk(bytes: Uint8Array): PacketBatchView {
  const view = new PacketBatchView();
  expect(walkPacketBatch(view, bytes, bytes.length)).toBe(walkOutcome.ok);
  return view;
}

function outcome(bytes: Uint8Array): number {
  return walkPacketBatch(new PacketBatchView(), bytes, bytes.length);
}

function textAt(view: PacketBatchView, start: number, length: number): string {
  return new TextDecoder().decode(view.bytes.subarray(start, start + length));
}

describe("a good batch", () => {
  test("all fields are found in place", () => {
    const view = walk(
      encodeBatch({
        hunterId: "edge-1",
        sequence: 0x1_0000_0002n,
        timestampNs: 3n,
        packets: [
          {
            data: text("abc"),
            timeNs: 1_700_000_000_123_456_789n,
            originalLength: 1500,
            interfaceIndex: 4,
            linkType: 113,
            interfaceName: "eth0",
            metadata: hex("0a03544c53"),
          },
          { data: text("") },
        ],
      }),
    );
    expect(view.count).toBe(2);
    expect(textAt(view, view.hunterIdStart, view.hunterIdLength)).toBe("edge-1");
    expect([view.sequenceHigh, view.sequenceLow, view.timeLow]).toEqual([1, 2, 3]);
    expect(textAt(view, view.dataStart[0]!, view.dataLength[0]!)).toBe("abc");
    const time = (BigInt(view.packetTimeHigh[0]!) << 32n) | BigInt(view.packetTimeLow[0]!);
    expect(time).toBe(1_700_000_000_123_456_789n);
    expect([view.captureLength[0], view.originalLength[0]]).toEqual([3, 1500]);
    expect([view.interfaceIndex[0], view.linkType[0]]).toEqual([4, 113]);
    expect(textAt(view, view.interfaceNameStart[0]!, view.interfaceNameLength[0]!)).toBe("eth0");
    expect(view.metadataLength[0]).toBe(5);
    expect([view.dataLength[1], view.metadataLength[1]]).toEqual([0, 0]);
    const start = view.packetStart[0]!;
    const packet = view.bytes.subarray(start, start + view.packetLength[0]!);
    expect(fromBinary(CapturedPacketSchema, packet).interfaceName).toBe("eth0");
    expect([view.hasMore[0], view.hasMore[1]]).toEqual([0, 0]);
  });

  test("fields beside those that are read are noticed, and so is where stats stand", () => {
    const packet = concat(hex("0a0161"), hex("4a03616263"));
    const view = walk(concat([0x22, packet.length], packet, hex("2a020805")));
    expect(view.hasMore[0]).toBe(1);
    expect([view.statsStart, view.statsLength]).toEqual([packet.length + 4, 2]);
  });

  test("an empty message is an empty batch", () => {
    const view = walk(new Uint8Array(0));
    expect([view.count, view.hunterIdLength, view.sequenceLow]).toEqual([0, 0, 0]);
  });

  test("nothing of the batch before is left", () => {
    const view = new PacketBatchView();
    const first = encodeBatch({ hunterId: "a", sequence: 9n, packets: [{ data: text("abc") }] });
    walkPacketBatch(view, first, first.length);
    walkPacketBatch(view, hex("2200"), 2);
    expect([view.count, view.hunterIdLength, view.sequenceLow]).toEqual([1, 0, 0]);
    expect([view.dataLength[0], view.linkType[0], view.captureLength[0]]).toEqual([0, 0, 0]);
  });

  test("of repeated scalars the last counts, unknown fields are skipped", () => {
    const view = walk(hex("1001 7a03aabbcc 1002 73 1005 74 0a0161 0a026262"));
    expect(view.sequenceLow).toBe(2);
    expect(textAt(view, view.hunterIdStart, view.hunterIdLength)).toBe("bb");
  });

  test("a known field with a foreign wire type is an unknown one", () => {
    expect(walk(hex("1001 1203aabbcc")).sequenceLow).toBe(1);
  });

  test("more packets than the arrays hold at first", () => {
    const view = walk(encodeBatch({ packets: new Array(3000).fill({ data: text("x") }) }));
    expect(view.count).toBe(3000);
    expect(view.capacity).toBeGreaterThanOrEqual(3000);
    expect([view.dataLength[0], view.dataLength[2999]]).toEqual([1, 1]);
  });

  test("only `length` bytes are read", () => {
    const bytes = concat(hex("1001"), hex("ffff"));
    expect(walkPacketBatch(new PacketBatchView(), bytes, 2)).toBe(walkOutcome.ok);
  });
});

describe("a bad batch", () => {
  const cases: [string, string, number][] = [
    ["a length beyond the end", "0a05 6162", walkOutcome.truncated],
    ["a packet's field beyond the packet", "2203 0a05 61 62636465", walkOutcome.truncated],
    ["a varint without end", "10ff", walkOutcome.truncated],
    ["a varint of eleven bytes", "10 ffffffffffffffffffff01", walkOutcome.badVarint],
    ["a varint of more than 64 bits", "10 ffffffffffffffffff02", walkOutcome.badVarint],
    ["a length of more than 32 bits", "0a 8080808010", walkOutcome.truncated],
    ["field number 0", "0000", walkOutcome.badTag],
    ["a wire type that is none", "7e00", walkOutcome.badTag],
    ["a group that never ends", "73 1001", walkOutcome.badGroup],
    ["a group that ends as another", "73 7c", walkOutcome.badGroup],
    ["the end of a group that never began", "74", walkOutcome.badGroup],
    ["a fixed field cut short", "7d 0102", walkOutcome.truncated],
  ];
  for (const [name, bytes, expected] of cases) {
    test(name, () => expect(outcome(hex(bytes))).toBe(expected));
  }

  test("groups nested too deeply", () => {
    const depth = limits.groupDepthMax + 1;
    const nested = concat(new Uint8Array(depth).fill(0x73), new Uint8Array(depth).fill(0x74));
    expect(outcome(nested)).toBe(walkOutcome.badGroup);
    expect(outcome(nested.subarray(1, nested.length - 1))).toBe(walkOutcome.ok);
  });

  test("more packets than a batch may have", () => {
    const bytes = new Uint8Array((limits.batchPacketsMax + 1) * 2);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x22;
    expect(outcome(bytes)).toBe(walkOutcome.tooManyPackets);
    expect(outcome(bytes.subarray(2))).toBe(walkOutcome.ok);
  });

  test("every outcome has a text", () => {
    for (const value of Object.values(walkOutcome)) {
      expect(walkOutcomeText(value)).not.toBe("");
    }
  });
});
