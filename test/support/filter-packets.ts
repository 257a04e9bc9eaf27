/** Packets of every kind that an expression may be asked about, for one link type after the other. */
import { captureFiles, readCapture, sharedCaptures } from "./captures.ts";
import { capturesFolder } from "./expected-flows.ts";
import * as build from "./packets.ts";
import { concat, ethernet, uint16, uint32, vlanTag } from "./packets.ts";
import type { FilteredPacket } from "./tcpdump-filter.ts";

const packetsPerFile = 30;
/** Longer packets are cut: no header is behind it, and a cut packet is a case of its own. */
const bytesKept = 400;

/** The first packets of all captures and every packet that is built here, as Ethernet frames. */
export function ethernetPackets(): FilteredPacket[] {
  const shared = sharedCaptures();
  const folders = shared === undefined ? [capturesFolder] : [capturesFolder, shared];
  const captured = folders.flatMap(captureFiles).flatMap((path) => {
    const frames = readCapture(path).filter(({ linkType }) => linkType === 1);
    return frames.slice(0, packetsPerFile).map(({ data, originalLength }) => {
      return { data: data.slice(0, bytesKept), originalLength };
    });
  });
  return [...captured, ...builtFrames().map(whole)];
}

export function whole(data: Uint8Array): FilteredPacket {
  return { data, originalLength: data.length };
}

/** What the frames carry, as packets of another link type; those that have no such form are left out. */
export function asLinkType(frames: readonly FilteredPacket[], linkType: number): FilteredPacket[] {
  return frames.flatMap(({ data, originalLength }) => {
    const type = data.length < 14 ? 0 : ((data[12] as number) << 8) | (data[13] as number);
    const header = headerOf(linkType, type);
    if (header === undefined) return [];
    const packet = concat(header, data.subarray(14));
    return [{ data: packet, originalLength: originalLength - 14 + header.length }];
  });
}

function headerOf(linkType: number, etherType: number): readonly number[] | undefined {
  const isIpv4 = etherType === 0x0800;
  const isIpv6 = etherType === 0x86dd;
  switch (linkType) {
    case 0:
      if (isIpv4) return [2, 0, 0, 0];
      return isIpv6 ? [30, 0, 0, 0] : undefined;
    case 108:
      if (isIpv4) return [0, 0, 0, 2];
      return isIpv6 ? [0, 0, 0, 24] : [0, 0, 0, 7];
    case 101:
      return isIpv4 || isIpv6 ? [] : undefined;
    case 228:
      return isIpv4 ? [] : undefined;
    case 229:
      return isIpv6 ? [] : undefined;
    case 9: {
      const number = isIpv4 ? 0x21 : isIpv6 ? 0x57 : etherType === 0x8847 ? 0x281 : etherType;
      return [0xff, 3, ...uint16(number)];
    }
    case 113: {
      const type = etherType <= 1500 ? 4 : etherType;
      return [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...uint16(type)];
    }
    case 276: {
      const type = etherType <= 1500 ? 4 : etherType;
      return [...uint16(type), 0, 0, ...uint32(2), 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    }
    default:
      return undefined;
  }
}

const [one, two] = [
  [10, 0, 0, 1],
  [192, 168, 1, 20],
];
const [hostOne, hostTwo] = [
  [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
];
const allNodes = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

function ipv4(protocol: number, inside: Uint8Array, fields: Partial<build.Ipv4Fields> = {}) {
  return build.ipv4({ protocol, source: one, destination: two, ...fields }, inside);
}

function ipv6(nextHeader: number, inside: Uint8Array, fields: Partial<build.Ipv6Fields> = {}) {
  return build.ipv6({ nextHeader, source: hostOne, destination: hostTwo, ...fields }, inside);
}

/** Datagrams and segments with ports that the expressions ask for. */
function transports(): [number, Uint8Array][] {
  const payload = build.text("payload of some bytes");
  const pairs = [
    [80, 40_000],
    [40_000, 443],
    [5060, 5060],
    [53, 53],
    [1024, 2048],
  ] as const;
  return pairs.flatMap(([sourcePort, destinationPort], index): [number, Uint8Array][] => {
    const ports = { sourcePort, destinationPort };
    const sctp = concat(uint16(sourcePort), uint16(destinationPort), uint32(7), uint32(0));
    const flags = [0x02, 0x12, 0x10, 0x18, 0x11][index] ?? 0;
    return [
      [6, build.tcpSegment({ ...ports, flags, options: index * 4 }, payload)],
      [17, build.udpDatagram(ports, payload)],
      [132, sctp],
    ];
  });
}

function internet(): { type: number; packet: Uint8Array }[] {
  const noise = Uint8Array.from({ length: 40 }, (_, index) => index * 7);
  const over4 = (packet: Uint8Array) => ({ type: 0x0800, packet });
  const over6 = (packet: Uint8Array) => ({ type: 0x86dd, packet });
  return [
    ...transports().flatMap(([protocol, inside]) => [
      over4(ipv4(protocol, inside)),
      over4(ipv4(protocol, inside, { options: 8, source: two, destination: one })),
      over4(ipv4(protocol, inside, { fragment: 0x2000 })),
      over4(ipv4(protocol, inside, { fragment: 0x2005 })),
      over6(ipv6(protocol, inside)),
      over6(ipv6(44, concat([protocol, 0, 0, 1, 0, 0, 0, 9], inside))),
      over6(ipv6(0, concat([protocol, 0, 1, 4, 0, 0, 0, 0], inside))),
    ]),
    ...[1, 2, 9, 41, 47, 50, 51, 58, 89, 103, 112].flatMap((protocol) => [
      over4(ipv4(protocol, noise)),
      over6(ipv6(protocol, noise)),
    ]),
    ...[0, 3, 5, 8, 11].map((type) => over4(ipv4(1, concat([type, type & 1], noise)))),
    ...[1, 128, 129, 133, 135].map((type) => over6(ipv6(58, concat([type, 0], noise)))),
    over4(ipv4(17, noise, { destination: [255, 255, 255, 255] })),
    over4(ipv4(17, noise, { destination: [0, 0, 0, 0], source: [0, 0, 0, 10] })),
    over4(ipv4(17, noise, { destination: [224, 0, 0, 251], source: [10, 1, 2, 3] })),
    over4(ipv4(17, noise, { destination: [239, 1, 2, 3], source: [172, 16, 5, 5] })),
    over6(ipv6(17, noise, { destination: allNodes })),
  ];
}

function arp(source: readonly number[], destination: readonly number[]): Uint8Array {
  const mac = [2, 0, 0, 0, 0, 1];
  return concat([0, 1, 8, 0, 6, 4, 0, 1], mac, source, [0, 0, 0, 0, 0, 0], destination);
}

function builtFrames(): Uint8Array[] {
  const noise = Uint8Array.from({ length: 46 }, (_, index) => index * 5 + 1);
  const plain = internet();
  const framed = plain.map(({ type, packet }) => ethernet(type, packet));
  const tagged = plain.flatMap(({ type, packet }, index) => {
    const tag = [0x8100, 0x88a8, 0x9100][index % 3] ?? 0x8100;
    const inner = vlanTag(100 + (index % 4), type, packet);
    const isDouble = index % 2 === 0;
    const outer = isDouble ? vlanTag(200, 0x8100, inner) : inner;
    return [ethernet(tag, outer)];
  });
  const labelled = plain.map(({ packet }, index) => {
    const bottom = uint32(((1000 + (index % 3)) << 12) | 0x0140);
    const labels = index % 2 === 0 ? bottom : [...uint32((16 << 12) | 0x40), ...bottom];
    return ethernet(0x8847, concat(labels, packet));
  });
  const sessions = plain.map(({ type, packet }, index) => {
    const protocol = type === 0x0800 ? 0x21 : 0x57;
    const header = [0x11, 0, ...uint16(39 + (index % 3)), 0, 0, ...uint16(protocol)];
    return ethernet(0x8864, concat(header, packet));
  });
  const broadcast = framed.slice(0, 4).map((frame) => frame.slice().fill(0xff, 0, 6));
  const multicast = framed.slice(4, 8).map((frame) => concat([1, 0, 0x5e], frame.subarray(3)));
  const llc = [
    [0x42, 0x42, 3],
    [0xf0, 0xf0, 3],
    [0xfe, 0xfe, 3],
    [0xe0, 0xe0, 3],
    [0xff, 0xff, 3],
    [6, 6, 3],
    [0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37],
    [0xaa, 0xaa, 3, 0, 0, 0, 0x80, 0xf3],
    [0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b],
    [0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
  ].map((header) => ethernet(header.length + noise.length, concat(header, noise)));
  const types = [0x8863, 0x809b, 0x80f3, 0x8137, 0x6001, 0x6002, 0x6003, 0x6004, 0x6007, 0x9000];
  return [
    ...framed,
    ...tagged,
    ...labelled,
    ...sessions,
    ...broadcast,
    ...multicast,
    ...llc,
    ...types.map((type) => ethernet(type, noise)),
    ethernet(0x0806, arp(one, two)),
    ethernet(0x0806, arp(two, [10, 0, 0, 9])),
    ethernet(0x8035, arp(one, two)),
    ethernet(0x8100, vlanTag(100, 0x0806, arp(one, two))),
  ];
}
