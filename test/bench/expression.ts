/**
 * Nanoseconds a packet that a packet filter expression costs: packets of 64 conversations, of which
 * few match. `bun test/bench/expression.ts`; each figure is the median of seven rounds.
 */
import { compileExpression } from "../../src/expression/compile-expression.ts";
import { ethernet, ipv4, ipv6, tcpSegment, udpDatagram } from "../support/packets.ts";

const rounds = 7;
const passesPerRound = 2000;
const linkTypeEthernet = 1;

function frames(): Uint8Array[] {
  const payload = new Uint8Array(200);
  return Array.from({ length: 64 }, (_, index) => {
    const ports = { sourcePort: 20_000 + index, destinationPort: index % 16 === 0 ? 443 : 8000 };
    const isUdp = index % 2 === 0;
    const segment = isUdp ? udpDatagram(ports, payload) : tcpSegment(ports, payload);
    const protocol = isUdp ? 17 : 6;
    if (index % 8 === 7) return ethernet(0x86dd, ipv6({ nextHeader: protocol }, segment));
    return ethernet(0x0800, ipv4({ protocol, source: [10, 0, 1, index] }, segment));
  });
}

function measure(expression: string, packets: readonly Uint8Array[]): number {
  const predicate = compileExpression(expression);
  const figures: number[] = [];
  let matching = 0;
  for (let round = -3; round < rounds; round++) {
    const start = Bun.nanoseconds();
    for (let pass = 0; pass < passesPerRound; pass++) {
      for (const packet of packets) {
        const { length } = packet;
        if (predicate.matches(packet, 0, length, length, linkTypeEthernet)) matching++;
      }
    }
    const elapsedNs = Bun.nanoseconds() - start;
    if (round >= 0) figures.push(elapsedNs / (passesPerRound * packets.length));
  }
  if (matching > (rounds + 3) * passesPerRound * packets.length) throw new Error("impossible");
  figures.sort((a, b) => a - b);
  return figures[rounds >> 1]!;
}

const hosts = Array.from({ length: 100 }, (_, index) => `10.9.0.${index}`).join(" or ");
const ports = Array.from({ length: 100 }, (_, index) => `${index + 1}`).join(" or ");
const expressions: readonly (readonly [name: string, expression: string])[] = [
  ["tcp port 443", "tcp port 443"],
  ["udp port 5060 or (tcp and host 10.0.0.1)", "udp port 5060 or (tcp and host 10.0.0.1)"],
  ["port 53", "port 53"],
  ["net 10.0.0.0/8 and not port 22", "net 10.0.0.0/8 and not port 22"],
  ["tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0"],
  ["host, one of 100", `host ${hosts}`],
  ["port, one of 100", `port ${ports}`],
];

const packets = frames();
for (const [name, expression] of expressions) {
  const figure = measure(expression, packets).toFixed(0);
  console.log(`${name.padEnd(48)} ${figure.padStart(6)} ns a packet`);
}
