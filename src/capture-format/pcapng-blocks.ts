/**
 * Writes the pcapng blocks that stand around the packets, little-endian
 * (draft-ietf-opsawg-pcapng, sections 4.1, 4.2 and 4.6).
 */
import { limits } from "../config/limits.ts";
import {
  blockFrame,
  blockType,
  byteOrderMagic,
  interfaceDescription,
  interfaceStatistics,
  majorVersion,
  sectionHeader,
} from "./pcapng-layout.ts";
import { optionCode, optionHeadBytes, rawOption, textOption } from "./pcapng-options.ts";
import { nanosecondResolution } from "./time-scale.ts";

/** A section of unknown length. `application` is the program's name and version. */
export function sectionHeaderBlock(application: string): Buffer {
  const bytes = block(blockType.sectionHeader, sectionHeader.options, [
    textOption(optionCode.hardware, process.arch),
    textOption(optionCode.operatingSystem, process.platform),
    textOption(optionCode.application, application),
  ]);
  bytes.writeUInt32LE(byteOrderMagic, sectionHeader.byteOrderMagic);
  bytes.writeUInt16LE(majorVersion, sectionHeader.majorVersion);
  bytes.fill(0xff, sectionHeader.sectionLength, sectionHeader.options);
  return bytes;
}

export interface InterfaceDescription {
  readonly hunterId: string;
  readonly name: string;
  readonly linkType: number;
}

/** Nanosecond timestamps; the hunter stands in `if_description`. */
export function interfaceBlock(description: InterfaceDescription): Buffer {
  const bytes = block(blockType.interfaceDescription, interfaceDescription.options, [
    textOption(optionCode.interfaceName, description.name),
    textOption(optionCode.interfaceDescription, description.hunterId),
    rawOption(optionCode.timeResolution, Buffer.from([nanosecondResolution])),
  ]);
  bytes.writeUInt16LE(description.linkType, interfaceDescription.linkType);
  bytes.writeUInt32LE(limits.packetBytesMax, interfaceDescription.snapLength);
  return bytes;
}

export interface InterfaceStatistics {
  readonly interfaceId: number;
  /** Packets that the hunter captured, and that it dropped, since it started. */
  readonly received: number;
  readonly dropped: number;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

export function statisticsBlock(statistics: InterfaceStatistics): Buffer {
  const end = timestamp(statistics.endMs);
  const bytes = block(blockType.statistics, interfaceStatistics.options, [
    rawOption(optionCode.startTime, timestamp(statistics.startMs)),
    rawOption(optionCode.endTime, end),
    rawOption(optionCode.received, counter(statistics.received)),
    rawOption(optionCode.dropped, counter(statistics.dropped)),
  ]);
  bytes.writeUInt32LE(statistics.interfaceId, interfaceStatistics.interfaceId);
  end.copy(bytes, interfaceStatistics.timeHigh);
  return bytes;
}

/** Length of every statistics block. */
export const statisticsBlockBytes: number = statisticsBlock({
  interfaceId: 0,
  received: 0,
  dropped: 0,
  startMs: 0,
  endMs: 0,
}).length;

/** A block whose fields before `optionsAt` are yet 0. The end of options is four bytes of 0. */
function block(type: number, optionsAt: number, options: readonly Buffer[]): Buffer {
  const optionsEnd = options.reduce((end, { length }) => end + length, optionsAt);
  const total = optionsEnd + optionHeadBytes + blockFrame.trailerBytes;
  const bytes = Buffer.alloc(total);
  bytes.writeUInt32LE(type, blockFrame.type);
  bytes.writeUInt32LE(total, blockFrame.totalLength);
  Buffer.concat(options).copy(bytes, optionsAt);
  bytes.writeUInt32LE(total, total - blockFrame.trailerBytes);
  return bytes;
}

/** Nanoseconds since 1970 as two 32-bit words, the high one first. */
function timestamp(wallMs: number): Buffer {
  const nanoseconds = BigInt(Math.max(0, Math.trunc(wallMs))) * 1_000_000n;
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Number(nanoseconds >> 32n), 0);
  bytes.writeUInt32LE(Number(nanoseconds & 0xffff_ffffn), 4);
  return bytes;
}

function counter(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(value))), 0);
  return bytes;
}
