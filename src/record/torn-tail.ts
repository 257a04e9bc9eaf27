/**
 * Tells a torn end of a capture file from damage. A process that is killed in the middle of a write
 * leaves the beginning of one record of ours; a file system that lost the data leaves zeros in the
 * place of it. Behind anything else whole packets may stand.
 */
import { limits } from "../config/limits.ts";
import type { FileWindow } from "./file-window.ts";
import { recordHeaderBytes } from "./pcap-records.ts";
import { blockType, statisticsBlockBytes } from "./pcapng-blocks.ts";
import type { CaptureFormat } from "./recorder-config.ts";
import { packetBlockOverhead } from "./ring-blocks.ts";

/** Of all that this program writes a packet is the longest. */
const recordBytesMax: number = limits.packetBytesMax + packetBlockOverhead;

/** No packet fits into less, of either format. */
const packetBytesMin: number = recordHeaderBytes;

/** True when nothing is lost with what stands from `at`, the end of the last whole record, to the end. */
export function isTornTail(window: FileWindow, format: CaptureFormat, at: number): boolean {
  const end = window.endOfNonZero(at, at + recordBytesMax);
  if (end === undefined) return false;
  if (end - at < packetBytesMin) return true;
  return format === "pcapng" ? isTornBlock(window, at, end) : isTornRecord(window, at);
}

/** Zeros may follow from `end` on. What the beginning of a block of ours says of itself must agree. */
function isTornBlock(window: FileWindow, at: number, end: number): boolean {
  const length = window.word(at + 4) ?? 0;
  if (length % 4 !== 0 || length > recordBytesMax) return false;
  const trailer = at + length - 4;
  // The length at its end was not written.
  if (end > trailer && at + length <= window.size) return false;
  switch (window.word(at)) {
    case blockType.enhancedPacket: {
      const captured = window.word(at + 20);
      if (captured === undefined || at + 24 > end) return length >= packetBlockOverhead;
      return length === packetBlockOverhead + ((captured + 3) & ~3);
    }
    case blockType.statistics:
      return length === statisticsBlockBytes;
    case blockType.interfaceDescription:
    case blockType.sectionHeader:
      return length >= 20;
    default:
      return false;
  }
}

/** Its header is sound, and it does not end before the file does. */
function isTornRecord(window: FileWindow, at: number): boolean {
  const captured = window.word(at + 8) ?? 0;
  if ((window.word(at + 4) ?? 0) >= 1_000_000_000) return false;
  if (captured > limits.packetBytesMax || captured > (window.word(at + 12) ?? 0)) return false;
  return at + recordHeaderBytes + captured > window.size;
}
