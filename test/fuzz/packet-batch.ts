import { equals, fromBinary } from "@bufbuild/protobuf";
import { limits } from "../../src/config/limits.ts";
import {
  CapturedPacketSchema,
  type PacketBatch,
  PacketBatchSchema,
} from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { PacketBatchView, walkOutcomeText, walkPacketBatch } from "../../src/wire/packet-batch.ts";
import { concat } from "../support/packets.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds } from "./fuzzer.ts";
import { scanDifferences } from "./protobuf-scan.ts";

/**
 * The batch walker against protobuf-es' decoder: the same fields on well-formed messages, however
 * they are laid out; on mutated ones both decode to the same or both refuse, except where
 * protobuf-es is laxer than protobuf-go (`protobuf-scan.ts`).
 */
export const packetBatchFuzzer: Fuzzer = {
  name: "packet-batch",
  run(seed, rounds) {
    const view = new PacketBatchView();
    runRounds("packet-batch", seed, rounds, (random, keep) => {
      const bytes = buildBatch(random);
      checkWellFormed(view, bytes, keep);
      checkMutated(view, random.mutate(bytes), keep);
      checkMutated(view, random.bytes(random.below(24)), keep);
    });
  },
};

/** A well-formed message: fields in any order, scalars repeated, unknown fields between them. */
function buildBatch(random: Random): Uint8Array {
  const fields: Uint8Array[] = [];
  const times = () => random.pick([0, 1, 1, 1, 2]);
  for (let count = times(); count > 0; count--) fields.push(field(1, buildText(random, 40)));
  for (const number of [2, 3]) {
    for (let count = times(); count > 0; count--) fields.push(scalar(random, number, 64));
  }
  for (let count = times(); count > 0; count--) fields.push(field(5, buildStats(random)));
  const hasMetadata = random.isChance(30);
  for (let count = random.below(6); count > 0; count--) {
    fields.push(field(4, buildPacket(random, hasMetadata)));
  }
  return shuffle(random, fields, 6);
}

function buildPacket(random: Random, hasMetadata: boolean): Uint8Array {
  const fields: Uint8Array[] = [];
  const times = () => random.pick([0, 1, 1, 1, 2]);
  for (let count = times(); count > 0; count--) {
    fields.push(field(1, random.bytes(random.pick([0, 1, 60, 127, 128, 300]))));
  }
  for (let count = times(); count > 0; count--) fields.push(scalar(random, 2, 64));
  for (const number of [3, 4, 5, 6]) {
    for (let count = times(); count > 0; count--) fields.push(scalar(random, number, 32));
  }
  if (hasMetadata) fields.push(field(7, field(1, buildText(random, 10))));
  for (let count = times(); count > 0; count--) fields.push(field(8, buildText(random, 20)));
  if (random.isChance(20)) fields.push(field(9, buildText(random, 20)));
  return shuffle(random, fields, 11);
}

function buildStats(random: Random): Uint8Array {
  const fields = [1, 2, 3].filter(() => random.isChance(70)).map((n) => scalar(random, n, 53));
  return shuffle(random, fields, 5);
}

/** Fields in random order with unknown ones, numbered from `unknown` on, strewn in. */
function shuffle(random: Random, fields: Uint8Array[], unknown: number): Uint8Array {
  while (random.isChance(25)) fields.push(buildUnknown(random, unknown, 0));
  for (let last = fields.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [fields[last], fields[other]] = [fields[other]!, fields[last]!];
  }
  return concat(...fields);
}

function buildUnknown(random: Random, first: number, depth: number): Uint8Array {
  const number = random.pick([first, first + 1, 15, 16, 2047, 2048, 536_870_911]);
  const tag = (type: number) => varint(BigInt(number) * 8n + BigInt(type));
  switch (random.below(depth < 4 ? 5 : 4)) {
    case 0:
      return scalar(random, number, 64);
    case 1:
      return concat(tag(1), random.bytes(8));
    case 2:
      return concat(tag(5), random.bytes(4));
    case 3:
      return field(number, random.bytes(random.below(20)));
    default: {
      const inside: Uint8Array[] = [];
      while (random.isChance(50)) inside.push(buildUnknown(random, 1, depth + 1));
      return concat(tag(3), ...inside, tag(4));
    }
  }
}

function buildText(random: Random, length: number): Uint8Array {
  return random.bytes(random.below(length)).map((byte) => 0x20 + (byte % 0x5f));
}

function field(number: number, content: Uint8Array): Uint8Array {
  return concat(varint(BigInt(number) * 8n + 2n), varint(BigInt(content.length)), content);
}

/** A varint field of up to `bits` bits, at times written longer than need be. */
function scalar(random: Random, number: number, bits: number): Uint8Array {
  const value = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  const short = BigInt.asUintN(Math.max(1, random.below(bits + 1)), value);
  const encoded = varint(short);
  const isPadded = random.isChance(10) && encoded.length < 9;
  const last = encoded.length - 1;
  const padded = isPadded
    ? concat(encoded.subarray(0, last), [(encoded[last] as number) | 0x80, 0])
    : encoded;
  return concat(varint(BigInt(number) * 8n), padded);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function checkWellFormed(view: PacketBatchView, bytes: Uint8Array, keep: KeepInput): void {
  keep(bytes);
  const outcome = walkPacketBatch(view, bytes, bytes.length);
  check(outcome === 0, `the walker refuses a well-formed message: ${walkOutcomeText(outcome)}`);
  compare(view, fromBinary(PacketBatchSchema, bytes));
}

function checkMutated(view: PacketBatchView, bytes: Uint8Array, keep: KeepInput): void {
  keep(bytes);
  const outcome = walkPacketBatch(view, bytes, bytes.length);
  const differences = scanDifferences(bytes, limits.groupDepthMax);
  let decoded: PacketBatch | undefined;
  let refusal = "";
  try {
    decoded = fromBinary(PacketBatchSchema, bytes);
  } catch (error) {
    refusal = String(error);
  }
  const { foreignType, overrun, overlong, longTag, isNested, isDeep } = differences;
  if (outcome === 0) check(!overrun && !overlong, "the walker overlooks a bad length");
  // The walker does not look into metadata, and protobuf-es may run past its end.
  if (isNested || foreignType) return;
  if (outcome !== 0) {
    const isExplained = overrun || overlong || isDeep || decoded === undefined;
    check(isExplained, `the walker refuses good bytes: ${walkOutcomeText(outcome)}`);
    return;
  }
  // Text that is not UTF-8 is not the walker's business.
  if (refusal.includes("utf-8") || longTag) return;
  check(decoded !== undefined, `the walker accepts what protobuf-es refuses: ${refusal}`);
  if (decoded !== undefined) compare(view, decoded);
}

function compare(view: PacketBatchView, decoded: PacketBatch): void {
  same("hunter_id", textAt(view, view.hunterIdStart, view.hunterIdLength), decoded.hunterId);
  same("sequence", join(view.sequenceHigh, view.sequenceLow), decoded.sequence);
  same("timestamp_ns", signed(view.timeHigh, view.timeLow), decoded.timestampNs);
  same("stats", view.hasStats, decoded.stats !== undefined);
  same("total_captured", view.statsTotalCaptured, Number(decoded.stats?.totalCaptured ?? 0n));
  same("filtered_matched", view.statsFilteredMatched, Number(decoded.stats?.filteredMatched ?? 0n));
  same("dropped", view.statsDropped, Number(decoded.stats?.dropped ?? 0n));
  same("packets", view.count, decoded.packets.length);
  for (const [index, packet] of decoded.packets.entries()) {
    const data = bytesAt(view, view.dataStart[index]!, view.dataLength[index]!);
    same(`data ${index}`, Buffer.compare(data, packet.data), 0);
    const time = signed(view.packetTimeHigh[index]!, view.packetTimeLow[index]!);
    same(`timestamp_ns ${index}`, time, packet.timestampNs);
    same(`capture_length ${index}`, view.captureLength[index], packet.captureLength);
    same(`original_length ${index}`, view.originalLength[index], packet.originalLength);
    same(`interface_index ${index}`, view.interfaceIndex[index], packet.interfaceIndex);
    same(`link_type ${index}`, view.linkType[index], packet.linkType);
    const name = textAt(view, view.interfaceNameStart[index]!, view.interfaceNameLength[index]!);
    same(`interface_name ${index}`, name, packet.interfaceName);
    const whole = bytesAt(view, view.packetStart[index]!, view.packetLength[index]!);
    const again = fromBinary(CapturedPacketSchema, whole);
    same(`packet ${index}`, equals(CapturedPacketSchema, again, packet), true);
    const isMore = packet.matchedFilterIds.length > 0 || packet.tlsKeys !== undefined;
    if (isMore) same(`hasMore ${index}`, view.hasMore[index], 1);
    if (view.metadataLength[index] !== 0) same("metadata", packet.metadata !== undefined, true);
  }
}

function same(name: string, walked: unknown, decoded: unknown): void {
  check(walked === decoded, `${name}: walked ${String(walked)}, decoded ${String(decoded)}`);
}

function bytesAt(view: PacketBatchView, start: number, length: number): Uint8Array {
  return view.bytes.subarray(start, start + length);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textAt(view: PacketBatchView, start: number, length: number): string {
  return decoder.decode(bytesAt(view, start, length));
}

function join(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function signed(high: number, low: number): bigint {
  return BigInt.asIntN(64, join(high, low));
}
