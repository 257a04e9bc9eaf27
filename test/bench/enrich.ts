/**
 * Nanoseconds a packet that enrichment costs, the copy included: one hunter, 512-byte packets in batches
 * of 64. `bun test/bench/enrich.ts`; median and least of seven rounds.
 */
import { createDetection } from "../../src/detect/detection.ts";
import { detectors } from "../../src/detect/registry.ts";
import { Enricher } from "../../src/enrich/enricher.ts";
import type { Batch } from "../../src/pipeline/batch.ts";
import { makeBatch } from "../support/encode-batch.ts";
import {
  concat,
  ethernet,
  hex,
  ipv4,
  ipv6,
  tcpSegment,
  text,
  udpDatagram,
} from "../support/packets.ts";

const batchPackets = 64;
const rounds = 7;
const frameBytes = 512;
const protocolNames = ["", ...detectors.map((detector) => detector.name)];

interface Load {
  readonly conversations: number;
  /** Beginning of the payload. */
  readonly payload: Uint8Array;
  readonly isUdp?: boolean;
  readonly isIpv6?: boolean;
  readonly port: number;
  readonly metadata?: Uint8Array;
}

function frame(load: Load, conversation: number): Uint8Array {
  const ports = { sourcePort: 20_000 + conversation, destinationPort: load.port };
  const isUdp = load.isUdp === true;
  const headers = 14 + (load.isIpv6 === true ? 40 : 20) + (isUdp ? 8 : 20);
  const payload = new Uint8Array(frameBytes - headers).fill(0xee);
  payload.set(load.payload);
  const segment = isUdp ? udpDatagram(ports, payload) : tcpSegment(ports, payload);
  const protocol = isUdp ? 17 : 6;
  return load.isIpv6 === true
    ? ethernet(0x86dd, ipv6({ nextHeader: protocol }, segment))
    : ethernet(0x0800, ipv4({ protocol, destination: [10, 0, 1, conversation & 0xff] }, segment));
}

/** Batches that go through the conversations in turn, with the labels that detection gives. */
function batches(load: Load): Batch[] {
  const frames: Uint8Array[] = [];
  for (let index = 0; index < load.conversations; index++) frames.push(frame(load, index));
  const detection = createDetection();
  const made: Batch[] = [];
  for (let batch = 0; batch < 50; batch++) {
    const packets = [];
    for (let index = 0; index < batchPackets; index++) {
      const data = frames[(batch * batchPackets + index) % load.conversations]!;
      const { metadata } = load;
      packets.push({
        data,
        interfaceName: "eth0",
        ...(metadata === undefined ? {} : { metadata }),
      });
    }
    made.push(makeBatch({ packets }));
    detection.inspect(made.at(-1)!);
  }
  // Detection wants several packets of some protocols: by now it has seen them.
  for (const batch of made) detection.inspect(batch);
  return made;
}

function measure(load: Load): number[] {
  const made = batches(load);
  const enricher = new Enricher({ protocolNames });
  const figures: number[] = [];
  for (let round = -2; round < rounds; round++) {
    let packets = 0;
    const start = Bun.nanoseconds();
    for (let repeat = 0; repeat < 60; repeat++) {
      for (const batch of made) packets += enricher.enrich(batch).count;
    }
    if (round >= 0) figures.push((Bun.nanoseconds() - start) / packets);
  }
  figures.sort((a, b) => a - b);
  return [figures[rounds >> 1]!, figures[0]!];
}

function print(name: string, load: Load): void {
  const [median, least] = measure(load).map((figure) => figure.toFixed(0).padStart(5));
  console.log(`${name.padEnd(46)} ${median} ns a packet, least ${least}`);
}

const http = text("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
const tls = hex("1703030100");
const mysql = hex("4a0000000a 382e302e333600 0b000000 1122334455667788 00 ffff");
const sip = text(
  "INVITE sip:b@x.test SIP/2.0\r\nFrom: <sip:a@x.test>;tag=1\r\nTo: <sip:b@x.test>\r\nCall-ID: 7@x\r\n\r\n",
);
const dnsQuery = hex(
  "1234 0100 0001 0000 0000 0000 0377777707657861 6d706c65036f7267 00 0001 0001",
);
const rtp = hex("8000 0001 00000001 deadbeef");
/** sip { call_id: "7@x" }, and the same with rtp { ssrc: 9 payload_type: 8 } */
const given = concat(hex("3a051203"), text("7@x"));
const givenRtp = concat(given, hex("420408091008"));

print("unlabelled TCP, IPv4", { conversations: 200, payload: hex("00"), port: 9000 });
print("TLS data", { conversations: 200, payload: tls, port: 443 });
print("MySQL", { conversations: 200, payload: mysql, port: 3306 });
print("TLS data, IPv6", { conversations: 200, payload: tls, port: 443, isIpv6: true });
print("TLS data, 10,000 conversations", { conversations: 10_000, payload: tls, port: 443 });
print("HTTP answers", { conversations: 200, payload: http, port: 80 });
print("DNS queries", { conversations: 200, payload: dnsQuery, port: 53, isUdp: true });
print("RTP", { conversations: 200, payload: rtp, port: 40_000, isUdp: true });
print("SIP", { conversations: 200, payload: sip, port: 5060, isUdp: true });
print("SIP, of which the hunter gives the Call-ID", {
  ...{ conversations: 200, payload: sip, port: 5060, isUdp: true },
  metadata: given,
});
print("RTP of a VoIP hunter", {
  ...{ conversations: 200, payload: rtp, port: 40_000, isUdp: true },
  metadata: givenRtp,
});
