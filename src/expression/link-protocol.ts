/** Tests of what the link layer says it carries. */
import { uint16At } from "../packet/layers.ts";
import { byteEquals, shortAbove, shortEquals, wordEquals } from "./field-tests.ts";
import type { LinkForm, LinkLayout } from "./link-layout.ts";
import { always, and, any, cut, never, no, not, or, type PacketTest } from "./packet-test.ts";
import { linkProtocolNames } from "./protocol-names.ts";

export const etherType = { ip: 0x0800, arp: 0x0806, rarp: 0x8035, ip6: 0x86dd } as const;

const { ipx, iso, netbeui, stp, decnet, atalk, aarp } = Object.fromEntries(linkProtocolNames);
/** Up to here the type field of Ethernet is a length (IEEE 802.3), and a number is an LLC SAP. */
const lengthMax = 1500;
const sapIp = 0x06;

/**
 * Whether the link layer says that `protocol` follows: an EtherType, or an LLC SAP. Undefined where
 * MPLS is in between, which does not name what it carries: only IP can be told from its first bits.
 */
export function linkProtocolTest(layout: LinkLayout, protocol: number): PacketTest | undefined {
  if (layout.labels > 0) return behindMpls(layout, protocol);
  const { form, typeAt } = layout;
  const number = typeNumber(form, protocol);
  if (number !== undefined) return shortEquals(typeAt, number);
  switch (form) {
    case "ethernet":
      return inEthernet(layout, protocol);
    case "cooked":
      return inCooked(layout, protocol);
    case "loopback":
      return any((addressFamilies.get(protocol) ?? []).map((family) => wordEquals(typeAt, family)));
    case "loopback-any-order":
      return familyTest(addressFamilies.get(protocol) ?? []);
    case "raw":
      return versionTest(layout.payloadAt, protocol) ?? never;
    case "ipv4":
      return protocol === etherType.ip ? always : never;
    case "ipv6":
      return protocol === etherType.ip6 ? always : never;
    default:
      return never;
  }
}

/** What the type field of two bytes holds for this protocol, where that alone decides. */
function typeNumber(form: LinkForm, protocol: number): number | undefined {
  if (form === "cooked2") return protocol;
  if (form === "ppp") return pppNumbers.get(protocol) ?? protocol;
  const isInLlcToo = protocol <= lengthMax || protocol === atalk || protocol === aarp;
  return (form === "ethernet" || form === "cooked") && !isInLlcToo ? protocol : undefined;
}

/** A protocol of the link layer, and what is tested behind it. */
export type LinkCase = readonly [protocol: number, test: PacketTest];

/** Whether one of some protocols follows, and its test holds. Undefined as `linkProtocolTest` is. */
export function linkCases(layout: LinkLayout, cases: readonly LinkCase[]): PacketTest | undefined {
  const { form, typeAt, labels } = layout;
  const numbers = cases.map(([protocol]) => typeNumber(form, protocol));
  const isPlain = numbers.every((number) => number !== undefined);
  if (labels === 0 && isPlain && cases.length > 1) {
    return typeCases(
      typeAt,
      numbers,
      cases.map(([, test]) => test),
    );
  }
  const tests: PacketTest[] = [];
  for (const [protocol, test] of cases) {
    const follows = linkProtocolTest(layout, protocol);
    if (follows === undefined) return undefined;
    tests.push(and(follows, test));
  }
  return any(tests);
}

/** Reads the type field once; there are two or three cases. */
function typeCases(
  typeAt: number,
  [first, second, third]: readonly (number | undefined)[],
  [one = never, two = never, three = never]: readonly PacketTest[],
): PacketTest {
  return (bytes, start, end, length) => {
    const at = start + typeAt;
    if (at + 2 > end) return cut;
    const type = uint16At(bytes, at);
    if (type === first) return one(bytes, start, end, length);
    if (type === second) return two(bytes, start, end, length);
    return type === third ? three(bytes, start, end, length) : no;
  };
}

/** The first four bits of an IP header; undefined for what is not IP. */
function versionTest(at: number, protocol: number): PacketTest | undefined {
  if (protocol === etherType.ip) return byteEquals(at, 0x40, 0xf0);
  return protocol === etherType.ip6 ? byteEquals(at, 0x60, 0xf0) : undefined;
}

/** The last label has the bottom-of-stack bit (RFC 3032 section 2.1). */
function behindMpls(layout: LinkLayout, protocol: number): PacketTest | undefined {
  const version = versionTest(layout.payloadAt, protocol);
  return version && and(byteEquals(layout.payloadAt - 2, 1, 1), version);
}

function inEthernet(layout: LinkLayout, protocol: number): PacketTest {
  const { typeAt, payloadAt } = layout;
  const isLength = not(shortAbove(typeAt, lengthMax));
  if (protocol === atalk || protocol === aarp) {
    return or(shortEquals(typeAt, protocol), and(isLength, snapTest(payloadAt, protocol)));
  }
  if (protocol === ipx) {
    const inLlc = any([
      snapTest(payloadAt, 0x8137),
      byteEquals(payloadAt, protocol),
      // Novell's own framing has no LLC header, and its checksum is never used.
      shortEquals(payloadAt, 0xffff),
    ]);
    return or(shortEquals(typeAt, 0x8137), and(isLength, inLlc));
  }
  if (protocol > lengthMax) return shortEquals(typeAt, protocol);
  return and(isLength, sapTest(payloadAt, protocol));
}

/** Linux cooked capture names 802.3 frames 1, and those with an LLC header 4. */
function inCooked(layout: LinkLayout, protocol: number): PacketTest {
  const { typeAt, payloadAt } = layout;
  const isLlc = shortEquals(typeAt, 4);
  if (protocol === atalk || protocol === aarp) {
    return or(shortEquals(typeAt, protocol), and(isLlc, snapTest(payloadAt, protocol)));
  }
  if (protocol === ipx) {
    const inLlc = or(byteEquals(payloadAt, protocol), snapTest(payloadAt, 0x8137));
    return any([shortEquals(typeAt, 0x8137), shortEquals(typeAt, 1), and(isLlc, inLlc)]);
  }
  if (protocol > lengthMax) return shortEquals(typeAt, protocol);
  return and(isLlc, sapTest(payloadAt, protocol));
}

/** Source and destination SAP for these, the destination's for all others. */
function sapTest(at: number, sap: number): PacketTest {
  if (sap === iso || sap === netbeui || sap === sapIp) return shortEquals(at, (sap << 8) | sap);
  return byteEquals(at, sap);
}

/** SNAP (IEEE 802): AppleTalk has Apple's organization, everything else 0. */
function snapTest(at: number, protocol: number): PacketTest {
  const organization = protocol === atalk ? 0x08_0007 : 0;
  return and(
    wordEquals(at + 4, ((organization & 0xffff) << 16) | protocol),
    wordEquals(at, 0xaaaa_0300 | (organization >>> 16)),
  );
}

/** PPP protocol numbers (IANA) of what has others elsewhere. */
const pppNumbers: ReadonlyMap<number, number> = new Map([
  [etherType.ip, 0x21],
  [etherType.ip6, 0x57],
  [iso as number, 0x23],
  [decnet as number, 0x27],
  [atalk as number, 0x29],
  [ipx as number, 0x2b],
  [stp as number, 0x31],
]);

/** Address families of BSD loopback frames; that of IPv6 is another on OpenBSD, FreeBSD and macOS. */
const addressFamilies: ReadonlyMap<number, readonly number[]> = new Map([
  [etherType.ip, [2]],
  [etherType.ip6, [30, 24, 28]],
]);

/** The family is in the byte order of the machine that captured. */
function familyTest(families: readonly number[]): PacketTest {
  if (families.length === 0) return never;
  return any(families.map((family) => or(wordEquals(0, family), wordEquals(0, family << 24))));
}
