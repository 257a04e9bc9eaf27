/**
 * Classic pcap: what stands where in the header of a file and in that of each packet, in bytes from its
 * start (draft-ietf-opsawg-pcap, section 4 "File Header" and section 5 "Packet Record").
 */
import { limits } from "../config/limits.ts";
import { swapBytes } from "./byte-order.ts";

/** Magic numbers of a file with microseconds, and with nanoseconds, in the file's own byte order. */
export const microsecondMagic = 0xa1b2_c3d4;
export const nanosecondMagic = 0xa1b2_3c4d;
/** Linux kernels once patched for it added interface, protocol and packet type to each record. */
const patchedMagic = 0xa1b2_cd34;

export const fileHeader = {
  magic: 0,
  majorVersion: 4,
  minorVersion: 6,
  snapLength: 16,
  /** 16 bits of link type; the upper half of the word holds the length of frame check sequences. */
  linkType: 20,
  bytes: 24,
} as const;

/** Four words; the data of the packet follows without padding. */
export const recordHeader = {
  seconds: 0,
  /** Microseconds or nanoseconds, as the magic number says. */
  fraction: 4,
  capturedLength: 8,
  originalLength: 12,
  bytes: 16,
} as const;

const patchedRecordBytes = 24;

/** The version that every writer of today gives: 2.4. */
export const pcapVersion = { major: 2, minor: 4 } as const;

export interface PcapVariant {
  readonly littleEndian: boolean;
  /** Nanoseconds of one unit of the fraction of a second. */
  readonly fractionNs: number;
  /** Bytes before the data of a packet. */
  readonly recordHeaderBytes: number;
}

const variants: ReadonlyMap<number, PcapVariant> = new Map([
  ...bothOrders(microsecondMagic, 1000, recordHeader.bytes),
  ...bothOrders(nanosecondMagic, 1, recordHeader.bytes),
  ...bothOrders(patchedMagic, 1000, patchedRecordBytes),
]);

function bothOrders(
  magic: number,
  fractionNs: number,
  recordHeaderBytes: number,
): [number, PcapVariant][] {
  return [
    [magic, { littleEndian: false, fractionNs, recordHeaderBytes }],
    [swapBytes(magic), { littleEndian: true, fractionNs, recordHeaderBytes }],
  ];
}

/** `magic` is a file's first four bytes as a big-endian number; undefined when they are of no pcap. */
export function pcapVariant(magic: number): PcapVariant | undefined {
  return variants.get(magic);
}

/** The header of a little-endian file with nanoseconds. */
export function pcapFileHeader(linkType: number): Buffer {
  const bytes = Buffer.alloc(fileHeader.bytes);
  bytes.writeUInt32LE(nanosecondMagic, fileHeader.magic);
  bytes.writeUInt16LE(pcapVersion.major, fileHeader.majorVersion);
  bytes.writeUInt16LE(pcapVersion.minor, fileHeader.minorVersion);
  bytes.writeUInt32LE(limits.packetBytesMax, fileHeader.snapLength);
  bytes.writeUInt32LE(linkType, fileHeader.linkType);
  return bytes;
}

/** False for a record, of a file with nanoseconds, that contradicts itself or is longer than ours are. */
export function isSoundRecord(nanoseconds: number, captured: number, original: number): boolean {
  return nanoseconds < 1_000_000_000 && captured <= limits.packetBytesMax && captured <= original;
}
