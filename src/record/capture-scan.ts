/**
 * Finds the end of the last whole record of a capture file. A record counts only when everything
 * that the format says about it holds: after a crash of the machine a tail may be torn or zero.
 */
import { isReadableBlock } from "../capture-format/block-check.ts";
import { swapBytes } from "../capture-format/byte-order.ts";
import {
  fileHeader,
  isSoundRecord,
  microsecondMagic,
  nanosecondMagic,
  pcapVersion,
  recordHeader,
} from "../capture-format/pcap-layout.ts";
import {
  blockFrame,
  blockType,
  byteOrderMagic,
  enhancedPacket,
  majorVersion,
  sectionHeader,
} from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import type { FileWindow } from "./file-window.ts";

export interface CaptureScan {
  /** Offset after the last whole record. */
  readonly goodEnd: number;
  /** Packets between the offset where the scan began and `goodEnd`. */
  readonly packets: number;
  /** Why this is no file that can be continued; "" when it is one. */
  readonly foreign: string;
  /** Of a classic pcap file; 0 otherwise. */
  readonly linkType: number;
  /**
   * Interface blocks of the section that ends at `goodEnd`, when more blocks of ours may follow in
   * it: the next interface has this number as its id. Undefined when they may not, or when unknown.
   */
  readonly interfaces: number | undefined;
}

const packetKinds: ReadonlySet<number> = new Set([
  blockType.enhancedPacket,
  blockType.obsoletePacket,
  blockType.simplePacket,
]);

/**
 * Scans blocks from `from` on, which is 0 or the start of a block of a little-endian section that
 * has had `interfacesBefore` interface blocks by then.
 */
export function scanPcapng(
  window: FileWindow,
  from: number,
  interfacesBefore?: number | undefined,
): CaptureScan {
  let swapped = false;
  let interfaces = from === 0 ? undefined : interfacesBefore;
  let packets = 0;
  let at = from;
  if (from === 0 && window.word(0) !== blockType.sectionHeader) return foreign("not a pcapng file");
  while (at < window.size) {
    if (window.word(at) === blockType.sectionHeader) {
      const magic = window.word(at + sectionHeader.byteOrderMagic);
      if (magic === undefined) break;
      swapped = magic === swapBytes(byteOrderMagic);
      if (!swapped && magic !== byteOrderMagic) break;
    }
    const type = window.word(at);
    const length = window.word(at + blockFrame.totalLength);
    // Every block that speaks of an interface has its id first.
    const id = window.word(at + enhancedPacket.interfaceId);
    if (type === undefined || length === undefined) break;
    const total = swapped ? swapBytes(length) : length;
    if (total < blockFrame.bytes || total % 4 !== 0 || total > limits.captureBlockBytesMax) break;
    const kind = swapped ? swapBytes(type) : type;
    if (at + total > window.size || !isReadableBlock(window, at, kind, total, swapped)) break;
    if (window.word(at + total - blockFrame.trailerBytes) !== length) break;
    if (packetKinds.has(kind)) packets++;
    if (kind === blockType.sectionHeader) {
      interfaces = !swapped && isOpenSection(window, at, total) ? 0 : undefined;
    } else if (interfaces !== undefined) interfaces = interfacesAfter(interfaces, kind, id);
    at += total;
  }
  if (at === 0) return foreign("its first block is not a whole section header");
  return { goodEnd: at, packets, foreign: "", linkType: 0, interfaces };
}

/** Version 1.x and no stated length: the section goes on for as long as the file does. */
function isOpenSection(window: FileWindow, at: number, total: number): boolean {
  const version = window.word(at + sectionHeader.majorVersion) ?? 0;
  const length = at + sectionHeader.sectionLength;
  const unstated = window.word(length) === 0xffff_ffff && window.word(length + 4) === 0xffff_ffff;
  const isWhole = total >= sectionHeader.options + blockFrame.trailerBytes;
  return isWhole && (version & 0xffff) === majorVersion && unstated;
}

/** Undefined when the block speaks of an interface that is not there: a new one must not take its id. */
function interfacesAfter(
  interfaces: number,
  kind: number,
  id: number | undefined,
): number | undefined {
  if (kind === blockType.interfaceDescription) return interfaces + 1;
  const short = kind === blockType.obsoletePacket;
  if (!short && kind !== blockType.enhancedPacket && kind !== blockType.statistics) {
    return interfaces;
  }
  if (id === undefined) return undefined;
  return (short ? id & 0xffff : id) < interfaces ? interfaces : undefined;
}

/** Scans records from `from` on, which is 0 or the start of a record. */
export function scanPcap(window: FileWindow, from: number): CaptureScan {
  const header = window.read(0, fileHeader.bytes);
  if (header === undefined) return foreign("it has no whole file header");
  const magic = header.readUInt32LE(fileHeader.magic);
  if (magic === microsecondMagic) return foreign("its timestamps are microseconds");
  if (magic !== nanosecondMagic) return foreign("not a little-endian pcap file with nanoseconds");
  const major = header.readUInt16LE(fileHeader.majorVersion);
  const minor = header.readUInt16LE(fileHeader.minorVersion);
  if (major !== pcapVersion.major || minor !== pcapVersion.minor) {
    return foreign(`its version is not ${pcapVersion.major}.${pcapVersion.minor}`);
  }
  const linkType = header.readUInt32LE(fileHeader.linkType);
  if (linkType > 0xffff) return foreign("its link type carries frame check lengths");
  const snapLength = header.readUInt32LE(fileHeader.snapLength);
  if (snapLength < limits.packetBytesMax) return foreign(`its snap length is ${snapLength}`);
  let packets = 0;
  let at = Math.max(from, fileHeader.bytes);
  while (at < window.size) {
    const length = recordLength(window, at);
    if (length === 0) break;
    packets++;
    at += length;
  }
  return { goodEnd: at, packets, foreign: "", linkType, interfaces: undefined };
}

/** Length of the record at `at`, or 0 when there is no whole and sound one. */
function recordLength(window: FileWindow, at: number): number {
  const record = window.read(at, recordHeader.bytes);
  if (record === undefined) return 0;
  const fraction = record.readUInt32LE(recordHeader.fraction);
  const captured = record.readUInt32LE(recordHeader.capturedLength);
  const original = record.readUInt32LE(recordHeader.originalLength);
  if (!isSoundRecord(fraction, captured, original)) return 0;
  const total = recordHeader.bytes + captured;
  if (at + total > window.size) return 0;
  // Sixteen zeros read as an empty packet of 1970: a file system that lost the data leaves them.
  const zero = captured === 0 && record.every((byte) => byte === 0);
  return zero && window.isZeroFrom(at) ? 0 : total;
}

function foreign(reason: string): CaptureScan {
  return { goodEnd: 0, packets: 0, foreign: reason, linkType: 0, interfaces: undefined };
}
