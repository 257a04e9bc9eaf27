/** Finds the IP header behind a link layer, by link type. */
import { Layers, uint16At, uint32At } from "./layers.ts";

/** MPLS labels and VLAN tags that are followed before a frame is given up as senseless. */
const tagsMax = 8;

export const etherType = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  /** GRE only: an Ethernet frame inside (RFC 7637). */
  transparentEthernet: 0x6558,
  /** GRE version 1 only: PPP inside (RFC 2637). */
  ppp: 0x880b,
} as const;

/**
 * Finds the IP header of a frame by its LINKTYPE number (tcpdump.org/linktypes.html); -1 = none.
 * 0 is Ethernet on the wire of existing hunters (docs/wire.md#hunters), see `linkType0`.
 */
export function findNetwork(
  layers: Layers,
  bytes: Uint8Array,
  start: number,
  end: number,
  linkType: number,
): number {
  switch (linkType) {
    case 1:
      return findInEthernet(layers, bytes, start, end);
    case 0:
      return findInLinkType0(layers, bytes, start, end);
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return start;
    case 9:
      return findInPpp(bytes, start, end);
    case 108:
      return start + 4;
    case 113:
      if (end - start < 16) return -1;
      return findByEtherType(layers, bytes, start + 16, end, uint16At(bytes, start + 14));
    case 276:
      if (end - start < 20) return -1;
      return findByEtherType(layers, bytes, start + 20, end, uint16At(bytes, start));
    default:
      return -1;
  }
}

export function findInEthernet(
  layers: Layers,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start < 14) return -1;
  return findByEtherType(layers, bytes, start + 14, end, uint16At(bytes, start + 12));
}

/**
 * A hunter on a loopback of BSD or macOS sends link type 0 and means LINKTYPE_NULL: four bytes of
 * address family in its own byte order. It is told from Ethernet by what must follow: an IP header
 * of that family, where an Ethernet frame has no EtherType that we know.
 */
function findInLinkType0(layers: Layers, bytes: Uint8Array, start: number, end: number): number {
  const inEthernet = findInEthernet(layers, bytes, start, end);
  if (inEthernet >= 0) return inEthernet;
  return hasLoopbackHeader(bytes, start, end) ? start + 4 : -1;
}

/** Whether a packet of link type 0 is a frame of a BSD loopback: see `findInLinkType0`. */
export function isLoopbackFrame(bytes: Uint8Array, start: number, end: number): boolean {
  return hasLoopbackHeader(bytes, start, end) && findInEthernet(unused, bytes, start, end) < 0;
}

/** Tags that are found while nobody asks for them. */
const unused = new Layers();

function hasLoopbackHeader(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 5) return false;
  const raw = uint32At(bytes, start);
  const family = raw > 0xffff ? ((bytes[start + 1] as number) << 8) | (raw >>> 24) : raw;
  const version = (bytes[start + 4] as number) >>> 4;
  return version === 4 ? family === 2 : version === 6 && isIpv6Family(family);
}

/** AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS. */
function isIpv6Family(family: number): boolean {
  return family === 10 || family === 24 || family === 28 || family === 30;
}

/** Follows VLAN tags (IEEE 802.1Q), MPLS (RFC 3032), PPPoE (RFC 2516) and SNAP down to IP. */
export function findByEtherType(
  layers: Layers,
  bytes: Uint8Array,
  position: number,
  end: number,
  firstType: number,
): number {
  let at = position;
  let type = firstType;
  for (let tags = 0; tags < tagsMax; tags++) {
    switch (type) {
      case etherType.ipv4:
      case etherType.ipv6:
        return at;
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200:
        if (end - at < 4) return -1;
        layers.vlan = ((layers.vlan << 12) | (uint16At(bytes, at) & 0xfff)) & 0xff_ffff;
        type = uint16At(bytes, at + 2);
        at += 4;
        break;
      case 0x8847:
      case 0x8848:
        return findInMpls(layers, bytes, at, end);
      case 0x8864:
        if (end - at < 8 || bytes[at] !== 0x11 || bytes[at + 1] !== 0) return -1;
        layers.session = uint16At(bytes, at + 2);
        return findInPpp(bytes, at + 6, end);
      default:
        // Up to 1500 it is a length, and LLC follows; only SNAP with an EtherType can hold IP.
        if (type > 1500 || end - at < 8 || uint32At(bytes, at) !== 0xaaaa_0300) return -1;
        if (uint16At(bytes, at + 4) !== 0) return -1;
        type = uint16At(bytes, at + 6);
        if (type <= 1500) return -1;
        at += 8;
    }
  }
  return -1;
}

function findInMpls(layers: Layers, bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  for (let labels = 0; labels < tagsMax; labels++) {
    if (end - at < 5) return -1;
    const isBottom = ((bytes[at + 2] as number) & 1) === 1;
    at += 4;
    if (!isBottom) continue;
    // MPLS does not name what it carries; routers look at the first nibble too (RFC 4928).
    const nibble = (bytes[at] as number) >>> 4;
    if (nibble === 4 || nibble === 6) return at;
    return nibble === 0 ? findInEthernetBehindMpls(layers, bytes, at + 4, end) : -1;
  }
  return -1;
}

/** Ethernet behind a pseudowire control word (RFC 4448); a second MPLS stack is not followed. */
function findInEthernetBehindMpls(
  layers: Layers,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start < 14) return -1;
  const type = uint16At(bytes, start + 12);
  if (type === 0x8847 || type === 0x8848) return -1;
  return findByEtherType(layers, bytes, start + 14, end, type);
}

/** PPP (RFC 1661, RFC 1662): address and control, and the protocol's first byte, may be left out. */
export function findInPpp(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (end - at >= 2 && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
  if (end - at < 3) return -1;
  const first = bytes[at] as number;
  if (first === 0x21 || first === 0x57) return at + 1;
  if (first !== 0) return -1;
  const second = bytes[at + 1];
  return second === 0x21 || second === 0x57 ? at + 2 : -1;
}
