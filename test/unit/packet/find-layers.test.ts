import { describe, expect, test } from "bun:test";
import { findLayers } from "../../../src/packet/find-layers.ts";
import { fragment, Layers } from "../../../src/packet/layers.ts";
import {
  concat,
  ethernet,
  ipv4,
  ipv6,
  tcpSegment,
  text,
  udpDatagram,
  uint16,
  uint32,
  vlanTag,
} from "../../support/packets.ts";

const ports = { sourcePort: 4000, destinationPort: 53 };
const datagram = udpDatagram(ports, text("hello"));
const packet = ipv4({ protocol: 17 }, datagram);

function find(data: Uint8Array, linkType = 1): Layers {
  const layers = new Layers();
  expect(findLayers(layers, data, 0, data.length, linkType)).toBe(true);
  return layers;
}

function payloadOf(layers: Layers, data: Uint8Array): string {
  const { payloadStart, payloadLength } = layers;
  return new TextDecoder().decode(data.subarray(payloadStart, payloadStart + payloadLength));
}

function isFound(data: Uint8Array, linkType = 1): boolean {
  return findLayers(new Layers(), data, 0, data.length, linkType);
}

describe("link types", () => {
  const frames: [string, number, Uint8Array][] = [
    ["Ethernet", 1, ethernet(0x0800, packet)],
    ["0, which is Ethernet on the wire", 0, ethernet(0x0800, packet)],
    ["0 from a loopback, little-endian", 0, concat([2, 0, 0, 0], packet)],
    ["0 from a loopback, big-endian", 0, concat([0, 0, 0, 2], packet)],
    ["raw IP of BSD", 12, packet],
    ["raw IP of OpenBSD", 14, packet],
    ["raw IP", 101, packet],
    ["IPv4", 228, packet],
    ["PPP", 9, concat([0xff, 3, 0, 0x21], packet)],
    ["OpenBSD loopback", 108, concat([0, 0, 0, 2], packet)],
    ["Linux cooked", 113, concat(new Uint8Array(14), uint16(0x0800), packet)],
    ["Linux cooked, version 2", 276, concat(uint16(0x0800), new Uint8Array(18), packet)],
    ["SNAP", 1, ethernet(60, concat([0xaa, 0xaa, 3, 0, 0, 0], uint16(0x0800), packet))],
  ];
  for (const [name, linkType, data] of frames) {
    test(name, () => {
      const layers = find(data, linkType);
      expect(layers.sourcePort).toBe(4000);
      expect(layers.destinationPort).toBe(53);
      expect(payloadOf(layers, data)).toBe("hello");
    });
  }

  test("an unknown link type has no layers", () => {
    expect(isFound(ethernet(0x0800, packet), 147)).toBe(false);
  });

  test("link type 0 with an unknown EtherType is not taken for IP", () => {
    expect(isFound(ethernet(0x88cc, packet), 0)).toBe(false);
  });
});

describe("tags", () => {
  test("VLAN ids are kept, the two innermost of them", () => {
    expect(find(ethernet(0x8100, vlanTag(7, 0x0800, packet))).vlan).toBe(7);
    const stacked = vlanTag(5, 0x8100, vlanTag(6, 0x8100, vlanTag(0xe007, 0x0800, packet)));
    expect(find(ethernet(0x88a8, stacked)).vlan).toBe((6 << 12) | 7);
  });

  test("MPLS labels are skipped, with and without a pseudowire", () => {
    const labels = concat(uint32(0x0001_0040), uint32(0x0002_0140));
    expect(find(ethernet(0x8847, concat(labels, packet))).destinationPort).toBe(53);
    const wire = concat(labels, uint32(0), ethernet(0x0800, packet));
    expect(find(ethernet(0x8847, wire)).destinationPort).toBe(53);
  });

  test("PPPoE sessions are followed and kept", () => {
    const session = concat([0x11, 0], uint16(0x1234), uint16(packet.length + 2), [0, 0x21], packet);
    const layers = find(ethernet(0x8864, session));
    expect(layers.session).toBe(0x1234);
    expect(layers.destinationPort).toBe(53);
  });

  test("tags without end are given up", () => {
    let nested = packet;
    for (let tag = 0; tag < 20; tag++) nested = vlanTag(1, 0x8100, nested);
    expect(isFound(ethernet(0x8100, nested))).toBe(false);
  });
});

describe("IP", () => {
  test("padding of the frame is not payload", () => {
    const data = ethernet(0x0800, concat(packet, new Uint8Array(30)));
    expect(payloadOf(find(data), data)).toBe("hello");
  });

  test("options are skipped", () => {
    const data = ethernet(0x0800, ipv4({ protocol: 17, options: 40 }, datagram));
    expect(payloadOf(find(data), data)).toBe("hello");
  });

  test("a total length of 0 stands for segmentation offload", () => {
    const data = ethernet(0x0800, ipv4({ protocol: 17, totalLength: 0 }, datagram));
    expect(payloadOf(find(data), data)).toBe("hello");
  });

  test("a cut capture tells how long the payload was", () => {
    const whole = ethernet(0x0800, ipv4({ protocol: 17 }, udpDatagram(ports, new Uint8Array(900))));
    const layers = find(whole.subarray(0, 100));
    expect(layers.payloadLength).toBe(100 - 14 - 20 - 8);
    expect(layers.payloadLengthOnWire).toBe(900);
  });

  test("later fragments have no ports, first ones do", () => {
    const first = find(ethernet(0x0800, ipv4({ protocol: 17, fragment: 0x2000 }, datagram)));
    expect([first.fragment, first.destinationPort]).toEqual([fragment.first, 53]);
    const fields = { protocol: 17, fragment: 0x00b9, identification: 77 };
    const later = find(ethernet(0x0800, ipv4(fields, datagram)));
    expect([later.fragment, later.destinationPort]).toEqual([fragment.later, 0]);
    expect(later.identification).toBe(77);
  });

  test("IPv6 extension headers are skipped", () => {
    const hopByHop = concat([60, 0], new Uint8Array(6));
    const options = concat([44, 1], new Uint8Array(14));
    const fragmentHeader = concat([17, 0], uint16(1), uint32(99));
    const extended = concat(hopByHop, options, fragmentHeader, datagram);
    const data = ethernet(0x86dd, ipv6({ nextHeader: 0 }, extended));
    const layers = find(data);
    expect(layers.protocol).toBe(17);
    expect(layers.fragment).toBe(fragment.first);
    expect(layers.identification).toBe(99);
    expect(payloadOf(layers, data)).toBe("hello");
  });

  test("what an authentication header protects is in the clear", () => {
    const header = concat([17, 4, 0, 0], uint32(0x1234), uint32(1), new Uint8Array(12));
    const data = ethernet(0x0800, ipv4({ protocol: 51 }, concat(header, datagram)));
    expect(payloadOf(find(data), data)).toBe("hello");
    const data6 = ethernet(0x86dd, ipv6({ nextHeader: 51 }, concat(header, datagram)));
    expect(payloadOf(find(data6), data6)).toBe("hello");
  });

  test("ESP has addresses and a payload, no ports", () => {
    const layers = find(ethernet(0x0800, ipv4({ protocol: 50 }, new Uint8Array(40))));
    expect([layers.protocol, layers.sourcePort, layers.payloadLength]).toEqual([50, 0, 40]);
  });
});

describe("TCP", () => {
  test("flags, sequence number and payload behind options", () => {
    const fields = { sourcePort: 1, destinationPort: 2, flags: 0x12, sequence: 0xf000_0001 };
    const segment = tcpSegment({ ...fields, options: 12 }, text("abc"));
    const data = ethernet(0x0800, ipv4({ protocol: 6 }, segment));
    const layers = find(data);
    expect([layers.tcpFlags, layers.sequence]).toEqual([0x12, 0xf000_0001]);
    expect(payloadOf(layers, data)).toBe("abc");
  });

  test("a header that is not whole, or shorter than it must be, is refused", () => {
    const segment = tcpSegment(ports, text("abc"));
    const data = ethernet(0x0800, ipv4({ protocol: 6 }, segment));
    expect(isFound(data.subarray(0, 14 + 20 + 19))).toBe(false);
    const short = data.slice();
    short[14 + 20 + 12] = 0x40;
    expect(isFound(short)).toBe(false);
  });
});

describe("tunnels", () => {
  test("IP in IP, 6in4 and GRE lead to the inner packet", () => {
    const inner6 = ipv6({ nextHeader: 17 }, datagram);
    expect(find(ethernet(0x0800, ipv4({ protocol: 4 }, packet))).tunnelDepth).toBe(1);
    const sixInFour = find(ethernet(0x0800, ipv4({ protocol: 41 }, inner6)));
    expect([sixInFour.ipVersion, sixInFour.destinationPort]).toEqual([6, 53]);
    const gre = concat(uint16(0x2000), uint16(0x0800), uint32(0xabcd), packet);
    const throughGre = find(ethernet(0x0800, ipv4({ protocol: 47 }, gre)));
    expect(throughGre.destinationPort).toBe(53);
    expect(throughGre.tunnelKey(0)).toBe(0xabcd);
    expect(throughGre.tunnelSourceAt(0)).toBe(14 + 12);
  });

  test("PPP inside GRE, as PPTP sends it", () => {
    const gre = concat(
      uint16(0x3081),
      uint16(0x880b),
      uint32(0x0020_0001),
      uint32(5),
      uint32(6),
      [0xff, 0x03, 0x00, 0x21],
      packet,
    );
    const layers = find(ethernet(0x0800, ipv4({ protocol: 47 }, gre)));
    expect(layers.destinationPort).toBe(53);
    expect(layers.tunnelKey(0)).toBe(0);
  });

  test("a third tunnel is not followed", () => {
    let nested = packet;
    for (let depth = 0; depth < 3; depth++) nested = ipv4({ protocol: 4 }, nested);
    const layers = find(ethernet(0x0800, nested));
    expect([layers.tunnelDepth, layers.protocol, layers.destinationPort]).toEqual([2, 4, 0]);
  });

  test("GRE with something else inside stays the outer packet", () => {
    const gre = concat(uint16(0), uint16(0x88cc), new Uint8Array(20));
    const layers = find(ethernet(0x0800, ipv4({ protocol: 47 }, gre)));
    expect([layers.protocol, layers.tunnelDepth]).toEqual([47, 0]);
  });
});

test("every cut of a packet is answered without an exception", () => {
  const data = ethernet(0x8100, vlanTag(9, 0x0800, packet));
  for (let length = 0; length <= data.length; length++) isFound(data.subarray(0, length));
});

test("the first fragment of a datagram tells the length of the whole", () => {
  const whole = udpDatagram({ sourcePort: 500, destinationPort: 500 }, new Uint8Array(2000));
  const fields = { protocol: 17, fragment: 0x2000 };
  const layers = find(ethernet(0x0800, ipv4(fields, whole.subarray(0, 1480))));
  expect([layers.payloadLength, layers.payloadLengthOnWire]).toEqual([1472, 2000]);
});
