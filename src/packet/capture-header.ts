/**
 * The headers that captures of some link types put before the packet, which Wireshark takes off when
 * it reads a file. It reads no further behind a packet that does not hold its header, so that one
 * such packet would hide all that follow it, of other hunters too.
 *
 * Found by giving Wireshark 4.0.17 each link type with packets of 0 to 40 bytes of several contents;
 * docs/ingest.md has the table. Link types: tcpdump.org/linktypes.html.
 */

/** What is wrong with the header of a packet. */
export const headerFault = {
  none: 0,
  /** The packet ends inside it. */
  short: 1,
  /** It names another protocol than its link type stands for. */
  foreign: 2,
} as const;

export type HeaderFault = (typeof headerFault)[keyof typeof headerFault];

const linkErf = 197;

/** By link type: bytes of the header, or of its fixed part. */
const headerBytes: ReadonlyMap<number, number> = new Map([
  [123, 4], // SunATM
  [139, 4], // MTP2 with pseudo-header
  [144, 16], // Linux IrDA
  [177, 16], // Linux LAPD
  [196, 5], // SITA
  [linkErf, 16],
  [201, 4], // Bluetooth HCI H4 with pseudo-header
  [204, 1], // PPP with direction
  [209, 5], // Linux I2C
  [245, 2], // NFC LLCP
  [254, 4], // Bluetooth Linux monitor
]);

/** By link type: the big-endian protocol in bytes 14 and 15 of a Linux cooked header, if fixed. */
const cookedProtocols: ReadonlyMap<number, number> = new Map([
  [144, 0x0017],
  [177, 0x0030],
]);

/** By the lower seven bits of the ERF record type: bytes that stand before the packet itself. */
const erfSubheaderBytes: ReadonlyMap<number, number> = new Map([
  ...[2, 11, 16, 20].map((type) => [type, 2] as const), // Ethernet
  ...[5, 6, 7, 8, 9, 12, 17, 18].map((type) => [type, 4] as const), // multi-channel and AAL2
]);

/** False when every packet of the link type holds its header, as there is none to hold. */
export function hasCaptureHeader(linkType: number): boolean {
  return headerBytes.has(linkType);
}

/** Whether `length` bytes from `start` hold the header of their link type. */
export function checkCaptureHeader(
  linkType: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): HeaderFault {
  const fixed = headerBytes.get(linkType);
  if (fixed === undefined) return headerFault.none;
  if (length < fixed) return headerFault.short;
  if (linkType === linkErf && !holdsErfHeaders(bytes, start, length)) return headerFault.short;
  const protocol = cookedProtocols.get(linkType);
  if (protocol === undefined) return headerFault.none;
  const found = ((bytes[start + 14] as number) << 8) | (bytes[start + 15] as number);
  return found === protocol ? headerFault.none : headerFault.foreign;
}

/** Extension headers of 8 bytes, each saying in its top bit whether another follows, come first. */
function holdsErfHeaders(bytes: Uint8Array, start: number, length: number): boolean {
  const type = bytes[start + 8] as number;
  let end = 16;
  for (let more = (type & 0x80) !== 0; more; end += 8) {
    if (end + 8 > length) return false;
    more = ((bytes[start + end] as number) & 0x80) !== 0;
  }
  return end + (erfSubheaderBytes.get(type & 0x7f) ?? 0) <= length;
}
