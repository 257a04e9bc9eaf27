/**
 * pcapng blocks that stand around the packets, little-endian
 * (draft-ietf-opsawg-pcapng, sections 4.1, 4.2 and 4.6).
 */
import { limits } from "../config/limits.ts";

export const blockType = {
  sectionHeader: 0x0a0d_0d0a,
  interfaceDescription: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
} as const;

export const byteOrderMagic = 0x1a2b_3c4d;

const option = {
  hardware: 2,
  operatingSystem: 3,
  application: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  timeResolution: 9,
  startTime: 2,
  endTime: 3,
  received: 4,
  dropped: 5,
} as const;

/** Longest value of an option: its length field has 16 bits. */
const optionBytesMax = 0xffff;

/** A section of unknown length. `application` is the program's name and version. */
export function sectionHeaderBlock(application: string): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(byteOrderMagic, 0);
  fixed.writeUInt16LE(1, 4);
  fixed.writeUInt16LE(0, 6);
  fixed.fill(0xff, 8);
  const options = [
    textOption(option.hardware, process.arch),
    textOption(option.operatingSystem, process.platform),
    textOption(option.application, application),
  ];
  return block(blockType.sectionHeader, fixed, options);
}

export interface InterfaceDescription {
  readonly hunterId: string;
  readonly name: string;
  readonly linkType: number;
}

/** Nanosecond timestamps; the hunter stands in `if_description`. */
export function interfaceBlock(description: InterfaceDescription): Buffer {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16LE(description.linkType, 0);
  fixed.writeUInt32LE(limits.packetBytesMax, 4);
  const options = [
    textOption(option.interfaceName, description.name),
    textOption(option.interfaceDescription, description.hunterId),
    rawOption(option.timeResolution, Buffer.from([9])),
  ];
  return block(blockType.interfaceDescription, fixed, options);
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
  const fixed = Buffer.alloc(12);
  fixed.writeUInt32LE(statistics.interfaceId, 0);
  const end = timestamp(statistics.endMs);
  end.copy(fixed, 4);
  const options = [
    rawOption(option.startTime, timestamp(statistics.startMs)),
    rawOption(option.endTime, end),
    rawOption(option.received, counter(statistics.received)),
    rawOption(option.dropped, counter(statistics.dropped)),
  ];
  return block(blockType.statistics, fixed, options);
}

/** Length of every statistics block. */
export const statisticsBlockBytes: number = statisticsBlock({
  interfaceId: 0,
  received: 0,
  dropped: 0,
  startMs: 0,
  endMs: 0,
}).length;

function block(type: number, fixed: Buffer, options: readonly Buffer[]): Buffer {
  const end = Buffer.alloc(4);
  const body = Buffer.concat([fixed, ...options.filter((part) => part.length > 0), end]);
  const total = body.length + 12;
  const bytes = Buffer.alloc(total);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(total, 4);
  body.copy(bytes, 8);
  bytes.writeUInt32LE(total, total - 4);
  return bytes;
}

/** An empty text is left out: some readers show it as an error. */
function textOption(code: number, text: string): Buffer {
  let value = Buffer.from(text, "utf8");
  if (value.length > optionBytesMax) {
    let end = optionBytesMax;
    while (end > 0 && ((value[end] as number) & 0xc0) === 0x80) end--;
    value = value.subarray(0, end);
  }
  return value.length === 0 ? Buffer.alloc(0) : rawOption(code, value);
}

function rawOption(code: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  value.copy(bytes, 4);
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
