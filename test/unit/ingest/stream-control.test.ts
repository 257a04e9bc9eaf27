import { expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { streamControlBytesMax, writeStreamControl } from "../../../src/ingest/stream-control.ts";
import { FlowControl, StreamControlSchema } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { seeded } from "../../support/seeded.ts";

const edges = [0n, 1n, 127n, 128n, 2n ** 28n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n];
const { FLOW_CONTINUE, FLOW_SLOW, FLOW_PAUSE, FLOW_RESUME } = FlowControl;
const flows = [FLOW_CONTINUE, FLOW_SLOW, FLOW_PAUSE, FLOW_RESUME];
const texts = ["", "e", "é€𝄞", "x".repeat(127), "y".repeat(128), "z".repeat(20_000)];

function check(sequence: bigint, flow: FlowControl, error: string): void {
  const low = Number(sequence & 0xffff_ffffn);
  const high = Number(sequence >> 32n);
  const max = streamControlBytesMax(error);
  const target = Buffer.alloc(3 + max + 3, 0xee);
  const end = writeStreamControl(target, 3, low, high, flow, error);
  expect(end - 3).toBeLessThanOrEqual(max);
  expect(target[end]).toBe(0xee);
  expect(target[3]).toBe(0);
  const message = target.subarray(8, end);
  expect(target.readUInt32BE(4)).toBe(message.length);
  const read = fromBinary(StreamControlSchema, message);
  expect([read.ackSequence, read.flowControl, read.error]).toEqual([sequence, flow, error]);
  const written = toBinary(
    StreamControlSchema,
    create(StreamControlSchema, { ackSequence: sequence, flowControl: flow, error }),
  );
  expect(message.equals(written)).toBe(true);
}

test("every combination is what protobuf-es writes and reads", () => {
  for (const sequence of [...edges, 2n ** 64n - 1n]) {
    for (const flow of flows) for (const error of texts) check(sequence, flow, error);
  }
});

test("random sequences, too", () => {
  const random = seeded(11);
  for (let round = 0; round < 2000; round++) {
    const bits = random.between(0, 64);
    const high = BigInt(random.between(0, 0xffff_ffff));
    const low = BigInt(random.between(0, 0xffff_ffff));
    const sequence = BigInt.asUintN(bits, (high << 32n) | low);
    check(sequence, flows[random.between(0, 3)] as FlowControl, "r".repeat(random.between(0, 300)));
  }
});
