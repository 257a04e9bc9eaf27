/**
 * Tells a torn end of a capture file from damage. A process that is killed in the middle of a write
 * leaves the beginning of one record of ours; a file system that lost the data leaves zeros in the
 * place of it. Behind anything else whole packets may stand.
 */
import { isSoundRecord, recordHeader } from "../capture-format/pcap-layout.ts";
import { statisticsBlockBytes } from "../capture-format/pcapng-blocks.ts";
import {
  blockFrame,
  blockType,
  enhancedPacket,
  enhancedPacketOverhead,
  interfaceDescription,
  padded,
} from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import type { FileWindow } from "./file-window.ts";
import type { CaptureFormat } from "./recorder-config.ts";

/** Of all that this program writes a packet is the longest. */
const recordBytesMax: number = limits.packetBytesMax + enhancedPacketOverhead;

/** No packet fits into less, of either format. */
const packetBytesMin: number = recordHeader.bytes;

/** True when nothing is lost with what stands from `at`, the end of the last whole record, to the end. */
export function isTornTail(window: FileWindow, format: CaptureFormat, at: number): boolean {
  const end = window.endOfNonZero(at, at + recordBytesMax);
  if (end === undefined) return false;
  if (end - at < packetBytesMin) return true;
  return format === "pcapng" ? isTornBlock(window, at, end) : isTornRecord(window, at);
}

/** Zeros may follow from `end` on. What the beginning of a block of ours says of itself must agree. */
function isTornBlock(window: FileWindow, at: number, end: number): boolean {
  const length = window.word(at + blockFrame.totalLength) ?? 0;
  if (length % 4 !== 0 || length > recordBytesMax) return false;
  const trailer = at + length - blockFrame.trailerBytes;
  // The length at its end was not written.
  if (end > trailer && at + length <= window.size) return false;
  switch (window.word(at)) {
    case blockType.enhancedPacket: {
      const captured = window.word(at + enhancedPacket.capturedLength);
      // The captured length itself may not have been written.
      const isCut = captured === undefined || at + enhancedPacket.originalLength > end;
      if (isCut) return length >= enhancedPacketOverhead;
      return length === enhancedPacketOverhead + padded(captured);
    }
    case blockType.statistics:
      return length === statisticsBlockBytes;
    case blockType.interfaceDescription:
    case blockType.sectionHeader:
      return length >= interfaceDescription.options + blockFrame.trailerBytes;
    default:
      return false;
  }
}

/** Its header is sound, and it does not end before the file does. */
function isTornRecord(window: FileWindow, at: number): boolean {
  const fraction = window.word(at + recordHeader.fraction) ?? 0;
  const captured = window.word(at + recordHeader.capturedLength) ?? 0;
  const original = window.word(at + recordHeader.originalLength) ?? 0;
  if (!isSoundRecord(fraction, captured, original)) return false;
  return at + recordHeader.bytes + captured > window.size;
}
