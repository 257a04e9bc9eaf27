import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { limits } from "../../src/config/limits.ts";
import { Enricher } from "../../src/enrich/enricher.ts";
import { PacketBatchSchema } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { PacketBatchView, walkPacketBatch } from "../../src/wire/packet-batch.ts";
import { wrapBatch } from "../support/encode-batch.ts";
import { enrichedBytes, protocolNames, type SentPacket } from "../support/enriched.ts";
import { ethernet, ipv4, tcpSegment, text, udpDatagram } from "../support/packets.ts";
import { readCorpus } from "./corpus.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds } from "./fuzzer.ts";
import { scanDifferences } from "./protobuf-scan.ts";

const corpus = readCorpus();
const view = new PacketBatchView();
// One for all rounds: what one batch leaves behind must not break the next.
const enricher = new Enricher({ protocolNames });

const payloads: readonly Uint8Array[] = [
  text("INVITE sip:b@x SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: é\r\n\r\n"),
  text(
    "SIP/2.0 200 OK\r\nc: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.0.0.2\r\nm=audio 7 RTP/AVP 0\r\n",
  ),
  text("GET /ø HTTP/1.1\r\nHost: x.test\r\nUser-Agent: a\r\n\r\n"),
  Uint8Array.of(0x80, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4),
];

/**
 * Enrichment of mutated batches with labels that need not fit: whatever the walker takes, a client can
 * decode what comes out, each packet's bytes are the received ones, and what a hunter says of a packet is
 * what the client reads.
 */
export const enrichFuzzer: Fuzzer = {
  name: "enrich",
  run(seed, rounds) {
    runRounds("enrich", seed, rounds, (random, keep) => {
      const bytes = buildBatch(random);
      checkEnriched(random, bytes, keep);
      checkEnriched(random, random.mutate(bytes), keep);
    });
  },
};

function buildBatch(random: Random): Uint8Array {
  const packets = Array.from({ length: random.between(1, 4) }, () => buildPacket(random));
  const batch = { hunterId: buildText(random), sequence: 9n, packets, stats: { dropped: 5n } };
  return toBinary(PacketBatchSchema, create(PacketBatchSchema, batch));
}

function buildPacket(random: Random): SentPacket {
  const { data, linkType } = buildData(random);
  return {
    data: random.isChance(20) ? random.mutate(data) : data,
    linkType,
    timestampNs: BigInt(random.uint32()),
    interfaceName: buildText(random),
    matchedFilterIds: random.isChance(30) ? [buildText(random), "b"] : [],
    ...(random.isChance(50) ? { metadata: buildMetadata(random) } : {}),
    ...(random.isChance(20)
      ? { tlsKeys: { srcIp: "10.0.0.1", clientRandom: random.bytes(4) } }
      : {}),
  };
}

function buildData(random: Random): { data: Uint8Array; linkType: number } {
  if (corpus.length > 0 && random.isChance(50)) return random.pick(corpus);
  const ports = { sourcePort: random.below(10), destinationPort: random.below(10) };
  const payload = random.pick(payloads);
  const isTcp = random.isChance(50);
  const inside = isTcp ? tcpSegment(ports, payload) : udpDatagram(ports, payload);
  return { data: ethernet(0x0800, ipv4({ protocol: isTcp ? 6 : 17 }, inside)), linkType: 1 };
}

function buildMetadata(random: Random): NonNullable<SentPacket["metadata"]> {
  const maybe = <Value>(value: Value) => (random.isChance(40) ? value : undefined);
  const parts = {
    protocol: maybe(random.pick(protocolNames)),
    srcIp: maybe("192.0.2.1"),
    dstPort: maybe(random.below(70_000)),
    info: maybe(buildText(random)),
    details: maybe({ host: buildText(random), [buildText(random)]: "x" }),
    sip: maybe({ callId: buildText(random), accessNetworkInfo: { parameters: { a: "b" } } }),
    rtp: maybe({ payloadType: random.below(128) }),
    dns: maybe({ answers: [{ name: buildText(random) }], entropyScore: 0.5 }),
    email: maybe({ rcptTo: [buildText(random)], bodySize: -1 }),
  };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function buildText(random: Random): string {
  return random.pick(["", "a", "é", "eth0", "x".repeat(130), "𝄞"]);
}

function checkEnriched(random: Random, bytes: Uint8Array, keep: KeepInput): void {
  keep(bytes);
  if (walkPacketBatch(view, bytes, bytes.length) !== 0) return;
  const batch = wrapBatch(bytes, "näme", 1 + random.below(2));
  const accepted: number[] = [];
  for (let index = 0; index < batch.view.count; index++) {
    batch.rejections[index] = random.isChance(10) ? 1 : 0;
    batch.labels[index] = random.below(protocolNames.length + 2);
    if (batch.rejections[index] === 0) accepted.push(index);
  }
  const leftOut = enricher.stringsLeftOut;
  const enriched = enrichedBytes(batch, enricher);
  // protobuf-es does not read a tag of more than five bytes, which protobuf-go does.
  if (scanDifferences(enriched, limits.groupDepthMax).longTag) return;
  const decoded = fromBinary(PacketBatchSchema, enriched);
  check(decoded.packets.length === accepted.length, "packets are missing, or too many");
  for (const [entry, index] of accepted.entries()) {
    const start = batch.view.dataStart[index]!;
    const data = batch.view.bytes.subarray(start, start + batch.view.dataLength[index]!);
    check(Buffer.compare(decoded.packets[entry]!.data, data) === 0, `data of packet ${index}`);
  }
  // Left out is what protobuf-go would refuse, some of which protobuf-es takes.
  if (enricher.stringsLeftOut === leftOut) compareGiven(bytes, batch.view.count, accepted, decoded);
}

/** Where protobuf-es reads the received batch, what hunters said must be what clients get. */
function compareGiven(
  bytes: Uint8Array,
  count: number,
  accepted: readonly number[],
  enriched: ReturnType<typeof create<typeof PacketBatchSchema>>,
): void {
  const { foreignType, overrun, overlong, longTag } = scanDifferences(bytes, limits.groupDepthMax);
  if (foreignType || overrun || overlong || longTag) return;
  let received: typeof enriched;
  try {
    received = fromBinary(PacketBatchSchema, bytes);
  } catch {
    return;
  }
  // Metadata of a rejected packet may lead protobuf-es past the end of the packet.
  if (received.packets.length !== count) return;
  for (const [entry, index] of accepted.entries()) {
    const { metadata: given, ...packet } = received.packets[index]!;
    const { metadata: told, ...copy } = enriched.packets[entry]!;
    check(Bun.deepEquals(packet, copy), `packet ${index} is not what was received`);
    for (const name of ["protocol", "srcIp", "dstPort", "info"] as const) {
      const isKept = !given?.[name] || given[name] === told?.[name];
      check(isKept, `${name} of packet ${index}: ${given?.[name]} became ${told?.[name]}`);
    }
    for (const [key, value] of Object.entries(given?.details ?? {})) {
      check(told?.details[key] === value, `detail ${key} of packet ${index}`);
    }
    if (given?.sip?.callId)
      check(given.sip.callId === told?.sip?.callId, `call of packet ${index}`);
    check(given?.dns === undefined || Bun.deepEquals(given.dns, told?.dns), `dns of ${index}`);
    check(given?.rtp === undefined || Bun.deepEquals(given.rtp, told?.rtp), `rtp of ${index}`);
  }
}
