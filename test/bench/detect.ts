/**
 * Nanoseconds a packet that detection costs: one hunter, 200 conversations, 512-byte packets in
 * batches of 64. `bun test/bench/detect.ts`; each figure is the median of seven rounds.
 */
import { createDetection } from "../../src/detect/detection.ts";
import type { Batch } from "../../src/pipeline/batch.ts";
import { makeBatch } from "../support/encode-batch.ts";
import { ethernet, ipv4, tcpSegment, udpDatagram } from "../support/packets.ts";

const conversations = 200;
const batchPackets = 64;
const rounds = 7;
const frameBytes = 512;

function payload(length: number, text: string): Uint8Array {
  const bytes = new Uint8Array(length).fill(0xee);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

function frame(conversation: number, isUdp: boolean, text: string): Uint8Array {
  const ports = { sourcePort: 20_000 + conversation, destinationPort: isUdp ? 40_000 : 8443 };
  const length = frameBytes - 14 - 20 - (isUdp ? 8 : 20);
  const segment = isUdp
    ? udpDatagram(ports, payload(length, text))
    : tcpSegment(ports, payload(length, text));
  const destination = [10, 0, 1, conversation & 0xff];
  return ethernet(0x0800, ipv4({ protocol: isUdp ? 17 : 6, destination }, segment));
}

/** Batches that go through the conversations in turn, `perTurn` packets of one at a time. */
function batches(isUdp: boolean, text: string, perTurn: number): Batch[] {
  const frames: Uint8Array[] = [];
  for (let index = 0; index < conversations; index++) frames.push(frame(index, isUdp, text));
  const made: Batch[] = [];
  for (let batch = 0; batch < 50; batch++) {
    const packets = [];
    for (let index = 0; index < batchPackets; index++) {
      const turn = Math.floor((batch * batchPackets + index) / perTurn) % conversations;
      packets.push({ data: frames[turn]! });
    }
    made.push(makeBatch({ packets }));
  }
  return made;
}

/** Median nanoseconds a packet over rounds of `repeats` times all batches. */
function measure(made: readonly Batch[], repeats: number, isFresh: boolean): number {
  const figures: number[] = [];
  let detection = createDetection();
  for (let round = -2; round < rounds; round++) {
    let elapsedNs = 0;
    let packets = 0;
    for (let repeat = 0; repeat < repeats; repeat++) {
      if (isFresh) detection = createDetection({ conversationsMax: 1024 });
      const start = Bun.nanoseconds();
      for (const batch of made) {
        detection.inspect(batch);
        packets += batch.view.count;
      }
      elapsedNs += Bun.nanoseconds() - start;
    }
    if (round >= 0) figures.push(elapsedNs / packets);
  }
  figures.sort((a, b) => a - b);
  return figures[rounds >> 1]!;
}

function print(name: string, figure: number): void {
  console.log(`${name.padEnd(54)} ${figure.toFixed(0).padStart(5)} ns a packet`);
}

const request = "GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n";
print(
  "decided, TCP, each packet of another conversation",
  measure(batches(false, request, 1), 100, false),
);
print("decided, TCP, runs of 8 packets", measure(batches(false, request, 8), 100, false));
print(
  "given up, UDP, each packet of another conversation",
  measure(batches(true, "", 1), 100, false),
);
// 3,200 packets over 200 conversations: 16 each, of which 12 are probed, so 12 of 16 at most.
const noise = "\u0001noise";
print("undecided, TCP, 12 of 16 packets probed", measure(batches(false, noise, 1), 30, true));
print("undecided, UDP, 12 of 16 packets probed", measure(batches(true, noise, 1), 30, true));
