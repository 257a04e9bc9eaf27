import { createDetection } from "../../src/detect/detection.ts";
import { type Detector, ProbeContext, probeAnswer } from "../../src/detect/detector.ts";
import { detectors, protocolCount } from "../../src/detect/registry.ts";
import { findLayers } from "../../src/packet/find-layers.ts";
import { Layers } from "../../src/packet/layers.ts";
import type { PacketToEncode } from "../support/encode-batch.ts";
import { makeBatch } from "../support/encode-batch.ts";
import { hex, text } from "../support/packets.ts";
import { readCorpus } from "./corpus.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds, surround } from "./fuzzer.ts";

const corpus = readCorpus();
const ports = [53, 80, 137, 443, 500, 1194, 1701, 1723, 3306, 4500, 5060, 5432, 51_820, 40_000];

/** Beginnings that lead a mutation deep into a probe. */
const seeds: readonly Uint8Array[] = [
  text("GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n"),
  text("HTTP/1.0 200 OK\r\n\r\n"),
  text("INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n"),
  text("SIP/2.0 180 Ringing\r\n"),
  hex("16030100 2e 0100002a 0303"),
  hex("1703030010 00112233445566778899aabbccddeeff 1503030002 0100"),
  hex("802b0103010012000000100700c0"),
  hex("1234 0100 0001 0000 0000 0000 0377777707657861 6d706c65036f7267 00 0001 0001"),
  hex("4a0000000a 382e302e333600 0b000000 1122334455667788 00 ffff"),
  hex("0000000804d2162f"),
  hex("5a0000000549"),
  hex("38 0102030405060708 00 00000000"),
  hex("000e 38 0102030405060708 00 00000000"),
  hex("04000000 11223344 0100000000000000 00112233445566778899aabbccddeeff"),
  hex("0102030405060708 0000000000000000 21 20 22 08 00000000 0000001c"),
  hex("0102030405060708 0000000000000000 01 10 02 00 00000000 0000001c"),
  hex("c802 0014 0000 0000 0000 0000 8008 0000 0000 0001"),
  hex("009c 0001 1a2b3c4d 0001 0000 0100 0000"),
  hex("9008 0001 000000a0 00000007 bede 0001 00000000 d5d5d5d5"),
  hex("80c9 0001 00000007 81ca 0002 00000007 01016100"),
  hex("c1234567 00000001 00112233445566778899aabb"),
];

/** Detectors: pure and bounded on any payload; the whole of detection: labels and counts in range. */
export const detectorsFuzzer: Fuzzer = {
  name: "detectors",
  run(seed, rounds) {
    runRounds("detectors", seed, rounds, (random, keep) => {
      const payload = makePayload(random);
      for (const detector of detectors) checkProbe(random, detector, payload, keep);
      if (random.isChance(10)) checkDetection(random);
    });
  },
};

function makePayload(random: Random): Uint8Array {
  if (random.isChance(10)) return random.bytes(random.below(200));
  const original = random.isChance(50) && corpus.length > 0 ? capturedPayload(random) : undefined;
  const payload = original ?? random.pick(seeds);
  return random.isChance(80) ? random.mutate(payload) : payload;
}

function capturedPayload(random: Random): Uint8Array {
  const { data, linkType } = random.pick(corpus);
  const layers = new Layers();
  if (!findLayers(layers, data, 0, data.length, linkType)) return data;
  return data.subarray(layers.payloadStart, layers.payloadStart + layers.payloadLength);
}

function checkProbe(
  random: Random,
  detector: Detector,
  payload: Uint8Array,
  keep: KeepInput,
): void {
  if (payload.length < detector.bytesMin) return;
  keep(payload);
  const fields = {
    isTcp: random.isChance(50),
    isPortless: random.isChance(5),
    sourcePort: random.pick(ports),
    destinationPort: random.pick(ports),
    lengthOnWire: payload.length + (random.isChance(20) ? random.below(2000) : 0),
    position: random.below(3),
    noteHere: random.pick([0, 0, 1, 5, 0x100, 0x103, 0x2_0020, random.uint32()]),
    noteThere: random.pick([0, 0, 7, 0x103, random.uint32()]),
  };
  const offset = random.between(1, 40);
  // What was cut off is the best bait for a read past the end.
  const cut = random.between(detector.bytesMin, payload.length);
  const inPlace = ask(detector, payload, 0, cut, fields);
  const alone = ask(detector, payload.slice(0, cut), 0, cut, fields);
  check(inPlace === alone, `${detector.name} reads past ${cut}: ${inPlace} and ${alone}`);
  const first = ask(detector, payload, 0, payload.length, fields);
  for (const filler of [0x00, 0xff, 0x0a, 0x31]) {
    const bytes = surround(payload, offset, filler);
    const second = ask(detector, bytes, offset, offset + payload.length, fields);
    check(first === second, `${detector.name} is not pure: ${first} and ${second}`);
  }
}

function ask(
  detector: Detector,
  bytes: Uint8Array,
  start: number,
  end: number,
  fields: Partial<ProbeContext>,
): string {
  const context = Object.assign(new ProbeContext(), fields);
  const answer = detector.probe(bytes, start, end, context);
  if (answer !== probeAnswer.needMore) {
    check(answer === 0 || answer === 1, `${detector.name} answers ${String(answer)}`);
    return String(answer);
  }
  const { note } = context;
  const isNote = Number.isInteger(note) && note > 0 && note <= 0xffff_ffff;
  check(isNote, `${detector.name} wants more and notes ${note}`);
  return `${answer} ${note}`;
}

/** Labels do not depend on the table's seed; nothing is lost or counted twice in a tiny table. */
function checkDetection(random: Random): void {
  if (corpus.length === 0) return;
  const first = random.below(corpus.length);
  const packets: PacketToEncode[] = corpus.slice(first, first + 60).map((packet) => ({
    data: random.isChance(20) ? random.mutate(packet.data) : packet.data,
    linkType: packet.linkType,
  }));
  const conversationsMax = random.between(1, 20);
  const large = makeBatch({ packets });
  const again = makeBatch({ packets });
  const small = makeBatch({ packets });
  createDetection().inspect(large);
  createDetection().inspect(again);
  const detection = createDetection({ conversationsMax });
  small.rejections[0] = 1;
  detection.inspect(small);
  let counted = 0;
  for (const count of detection.labelledPackets) counted += count;
  check(counted === packets.length - 1, `${counted} of ${packets.length - 1} packets counted`);
  check(small.labels[0] === 0, "a rejected packet has a label");
  check(detection.conversations <= conversationsMax, `${detection.conversations} conversations`);
  for (let index = 0; index < packets.length; index++) {
    check(
      large.labels[index] === again.labels[index],
      `label of packet ${index} depends on chance`,
    );
    check((small.labels[index] as number) < protocolCount, `label of packet ${index} is unknown`);
  }
}
