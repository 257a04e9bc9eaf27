import { describe, expect, test } from "bun:test";
import { compileExpression } from "../../../src/expression/compile-expression.ts";
import {
  concat,
  ethernet,
  ipv4,
  ipv6,
  tcpSegment,
  udpDatagram,
  vlanTag,
} from "../../support/packets.ts";

const payload = new Uint8Array(20);
const http = { sourcePort: 40_000, destinationPort: 80 };
const sip = { sourcePort: 5060, destinationPort: 5062 };
const fromTen = { source: [10, 1, 2, 3], destination: [192, 0, 2, 1] };
const request = ipv4({ protocol: 6, ...fromTen }, tcpSegment({ ...http, flags: 2 }, payload));
const invite = ipv4({ protocol: 17, ...fromTen }, udpDatagram(sip, payload));
const request6 = ipv6({ nextHeader: 6 }, tcpSegment(http, payload));

/** Whether it matches, also in the midst of other bytes. */
function isMatch(expression: string, packet: Uint8Array, linkType = 1): boolean {
  const predicate = compileExpression(expression);
  const { length } = packet;
  const alone = predicate.matches(packet, 0, length, length, linkType);
  const inside = concat(new Uint8Array(33).fill(0x45), packet, new Uint8Array(9).fill(0x45));
  expect(predicate.matches(inside, 33, 33 + length, length, linkType)).toBe(alone);
  return alone;
}

describe("an expression", () => {
  test("that is blank matches every packet", () => {
    for (const text of ["", "  \t\n"]) {
      expect(isMatch(text, request, 101)).toBe(true);
      expect(isMatch(text, new Uint8Array(0), 999)).toBe(true);
    }
  });

  test("has the same meaning for packets of every link type", () => {
    const type = [0x08, 0x00];
    const frames: [number, Uint8Array][] = [
      [0, ethernet(0x0800, request)],
      [0, concat([2, 0, 0, 0], request)],
      [0, concat([0, 0, 0, 2], request)],
      [1, ethernet(0x0800, request)],
      [9, concat([0xff, 3, 0, 0x21], request)],
      [12, request],
      [14, request],
      [101, request],
      [108, concat([0, 0, 0, 2], request)],
      [113, concat(new Uint8Array(14), type, request)],
      [228, request],
      [276, concat(type, new Uint8Array(18), request)],
    ];
    for (const [linkType, frame] of frames) {
      expect(isMatch("tcp dst port 80 and src net 10", frame, linkType), `${linkType}`).toBe(true);
      expect(isMatch("udp or ip6 or port 443", frame, linkType), `${linkType}`).toBe(false);
      expect(isMatch("not udp", frame, linkType), `${linkType}`).toBe(true);
    }
    expect(isMatch("tcp port 80", request6, 229)).toBe(true);
    expect(isMatch("tcp port 80", concat([0, 0, 0, 30], request6), 0)).toBe(true);
  });

  test("does not match where the link type cannot express it", () => {
    for (const text of ["vlan", "ether host 02:00:00:00:00:01", "broadcast", "arp", "mpls"]) {
      for (const linkType of [12, 101, 108, 113, 228, 229, 276]) {
        expect(isMatch(text, new Uint8Array(80), linkType), `${text} ${linkType}`).toBe(false);
      }
    }
    expect(isMatch("vlan or tcp port 80", request, 101)).toBe(true);
    expect(isMatch("tcp or ip", request, 147)).toBe(false);
    expect(isMatch("len > 50", request, 147)).toBe(true);
  });

  test("is answered with no where it would read past the end, also behind not", () => {
    const cut = ethernet(0x0800, request.subarray(0, 21));
    expect(isMatch("tcp", cut)).toBe(true);
    expect(isMatch("port 80", cut)).toBe(false);
    expect(isMatch("not port 80", cut)).toBe(false);
    expect(isMatch("not tcp[100] = 1", ethernet(0x0800, request))).toBe(false);
    expect(isMatch("not len / ip[1] = 1", ethernet(0x0800, request))).toBe(false);
    expect(isMatch("tcp or ip6", new Uint8Array(0))).toBe(false);
  });

  test("measures what was on the wire", () => {
    const predicate = compileExpression("greater 1000");
    expect(predicate.matches(request, 0, request.length, 1500, 101)).toBe(true);
    expect(predicate.matches(request, 0, request.length, 999, 101)).toBe(false);
  });

  test("looks behind a VLAN tag only after vlan", () => {
    const tagged = ethernet(0x8100, vlanTag(100, 0x0800, request));
    expect(isMatch("tcp port 80", tagged)).toBe(false);
    expect(isMatch("vlan 100 and tcp port 80", tagged)).toBe(true);
    expect(isMatch("vlan 101 or tcp port 80", tagged)).toBe(true);
    expect(isMatch("vlan 101", tagged)).toBe(false);
  });

  test("sees ports in a first fragment alone", () => {
    const later = ipv4({ protocol: 17, fragment: 5 }, udpDatagram(sip, payload));
    const first = ipv4({ protocol: 17, fragment: 0x2000 }, udpDatagram(sip, payload));
    expect(isMatch("port 5060", first, 101)).toBe(true);
    expect(isMatch("port 5060", later, 101)).toBe(false);
    expect(isMatch("udp", later, 101)).toBe(true);
    expect(isMatch("udp[0:2] = 5060", later, 101)).toBe(false);
  });
});

/** Every form that subscribers of the node before this one could use (docs/wire.md#subscribepackets). */
describe("what existing subscribers write", () => {
  test.each([
    ["tcp", true, false],
    ["udp", false, true],
    ["icmp", false, false],
    ["port 5060", false, true],
    ["src port 5060", false, true],
    ["dst port 80", true, false],
    ["host 10.1.2.3", true, true],
    ["src host 192.0.2.1", false, false],
    ["dst host 192.0.2.1", true, true],
    ["net 10.0.0.0/8", true, true],
    ["src net 10.1", true, true],
    ["dst net 10.1", false, false],
    ["tcp and port 80", true, false],
    ["udp and port 5060 and host 10.1.2.3", false, true],
    ["port 80 or port 5060", true, true],
    ["tcp and port 5060 or udp", false, true],
  ])("%s", (text, matchesRequest, matchesInvite) => {
    expect(isMatch(text, ethernet(0x0800, request))).toBe(matchesRequest);
    expect(isMatch(text, ethernet(0x0800, invite))).toBe(matchesInvite);
  });
});
