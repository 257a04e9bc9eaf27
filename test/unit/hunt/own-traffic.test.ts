/** Which packets are of the hunter's own connection. */
import { expect, test } from "bun:test";
import { createCapturePacket } from "../../../src/hunt/capture-packet.ts";
import { OwnTraffic } from "../../../src/hunt/own-traffic.ts";

const ethernet = 1;
const raw = 101;

/** An Ethernet frame, or a bare IPv6 packet, of TCP. */
function tcp(version: 4 | 6, source: string, from: number, destination: string, to: number) {
  const ports = Buffer.alloc(20);
  ports.writeUInt16BE(from, 0);
  ports.writeUInt16BE(to, 2);
  ports[12] = 5 << 4;
  const packet = createCapturePacket();
  if (version === 4) {
    const ip = Buffer.alloc(20);
    ip[0] = 0x45;
    ip.writeUInt16BE(40, 2);
    ip[9] = 6;
    ip.set(source.split(".").map(Number), 12);
    ip.set(destination.split(".").map(Number), 16);
    packet.data = Buffer.concat([Buffer.alloc(12), Buffer.from([8, 0]), ip, ports]);
    packet.linkType = ethernet;
  } else {
    const ip = Buffer.alloc(40);
    ip[0] = 0x60;
    ip.writeUInt16BE(20, 4);
    ip[6] = 6;
    ip[23] = Number(source);
    ip[39] = Number(destination);
    packet.data = Buffer.concat([ip, ports]);
    packet.linkType = raw;
  }
  return packet;
}

function traffic() {
  let told = 0;
  const own = new OwnTraffic(() => told++);
  return { own, told: () => told };
}

test("both directions are left out and counted, others are not", () => {
  const { own, told } = traffic();
  const ends = {
    localAddress: "10.0.0.1",
    localPort: 4000,
    remoteAddress: "::ffff:10.0.0.2",
    remotePort: 55555,
  };
  expect(own.takes(tcp(4, "10.0.0.1", 4000, "10.0.0.2", 55_555))).toBe(false);
  own.add(ends);
  expect(own.takes(tcp(4, "10.0.0.1", 4000, "10.0.0.2", 55_555))).toBe(true);
  expect(own.takes(tcp(4, "10.0.0.2", 55_555, "10.0.0.1", 4000))).toBe(true);
  expect(own.takes(tcp(4, "10.0.0.1", 4001, "10.0.0.2", 55_555))).toBe(false);
  expect(own.takes(tcp(4, "10.0.0.3", 4000, "10.0.0.2", 55_555))).toBe(false);
  expect(own.takes(tcp(4, "10.0.0.1", 4000, "10.0.0.3", 55_555))).toBe(false);
  expect(own.packets).toBe(2);
  expect(told()).toBe(1);
});

test("IPv6, and the connections before", () => {
  const { own } = traffic();
  // Zeros but for the last byte of each.
  own.add({ localAddress: "::1", localPort: 1, remoteAddress: "::2", remotePort: 2 });
  own.add({ localAddress: "::1", localPort: 3, remoteAddress: "::2", remotePort: 2 });
  expect(own.takes(tcp(6, "1", 1, "2", 2))).toBe(true);
  expect(own.takes(tcp(6, "1", 3, "2", 2))).toBe(true);
  expect(own.takes(tcp(6, "1", 4, "2", 2))).toBe(false);
});
