/** Decodes classic pcap. */
import { limits } from "../config/limits.ts";
import type { ByteWindow } from "./byte-window.ts";
import { CaptureError } from "./capture-errors.ts";
import type { CaptureDecoder, CapturePacket } from "./capture-packet.ts";
import { setSeconds } from "./capture-time.ts";

const fileHeaderBytes = 24;

interface Variant {
  readonly littleEndian: boolean;
  /** Nanoseconds of one unit of the fraction of a second. */
  readonly fractionNs: number;
  readonly recordHeaderBytes: number;
}

/** The first four bytes of a pcap file, read as a big-endian number. */
const variants: ReadonlyMap<number, Variant> = new Map([
  [0xa1b2_c3d4, { littleEndian: false, fractionNs: 1000, recordHeaderBytes: 16 }],
  [0xd4c3_b2a1, { littleEndian: true, fractionNs: 1000, recordHeaderBytes: 16 }],
  [0xa1b2_3c4d, { littleEndian: false, fractionNs: 1, recordHeaderBytes: 16 }],
  [0x4d3c_b2a1, { littleEndian: true, fractionNs: 1, recordHeaderBytes: 16 }],
  // Linux kernels once patched for it added interface, protocol and packet type to each record.
  [0xa1b2_cd34, { littleEndian: false, fractionNs: 1000, recordHeaderBytes: 24 }],
  [0x34cd_b2a1, { littleEndian: true, fractionNs: 1000, recordHeaderBytes: 24 }],
]);

export function isPcapMagic(magic: number): boolean {
  return variants.has(magic);
}

/**
 * Classic pcap (draft-ietf-opsawg-pcap): both byte orders, micro- and nanoseconds. The window must
 * stand at the file header, `magic` being its first four bytes. Throws `CaptureError`.
 */
export function createPcapDecoder(
  window: ByteWindow,
  magic: number,
  interfaceName: string,
): CaptureDecoder {
  const variant = variants.get(magic);
  if (variant === undefined) throw new CaptureError(0, "not a pcap file");
  const { littleEndian, fractionNs, recordHeaderBytes } = variant;
  let header: FileHeader | undefined;

  const u32 = (at: number): number =>
    littleEndian ? window.bytes.readUInt32LE(at) : window.bytes.readUInt32BE(at);

  function next(packet: CapturePacket): boolean {
    if (header === undefined) {
      if (!window.has(fileHeaderBytes)) return false;
      header = readFileHeader(window, littleEndian);
      window.consume(fileHeaderBytes);
    }
    if (!window.has(recordHeaderBytes)) return false;
    const at = window.start;
    let captured = u32(at + 8);
    let original = u32(at + 12);
    if (header.swapsLengths(captured, original)) [captured, original] = [original, captured];
    if (captured > limits.packetBytesMax) throw tooLong(window.offset, captured);
    const seconds = u32(at);
    if (seconds === 0 && original === 0 && captured === 0 && u32(at + 4) === 0) {
      throw new CaptureError(
        window.offset,
        "a record of zeros: the file was not written to its end",
      );
    }
    if (!window.has(recordHeaderBytes + captured)) return false;
    setSeconds(packet, seconds, u32(at + 4) * fractionNs);
    packet.linkType = header.linkType;
    packet.interfaceName = interfaceName;
    packet.interfaceIndex = 0;
    const dataStart = at + recordHeaderBytes;
    packet.data = window.bytes.subarray(dataStart, dataStart + captured);
    packet.originalLength = Math.max(original, captured);
    window.consume(recordHeaderBytes + captured);
    return true;
  }

  return { next };
}

interface FileHeader {
  readonly linkType: number;
  readonly swapsLengths: (captured: number, original: number) => boolean;
}

function readFileHeader(window: ByteWindow, littleEndian: boolean): FileHeader {
  const { bytes, start } = window;
  const u16 = (at: number): number =>
    littleEndian ? bytes.readUInt16LE(start + at) : bytes.readUInt16BE(start + at);
  const major = u16(4);
  const minor = u16(6);
  if (major !== 2) throw new CaptureError(4, `pcap version ${major}.${minor}, where 2.4 is known`);
  return {
    // The upper half of the field holds the length of the frame check sequence.
    linkType: u16(littleEndian ? 20 : 22),
    // Before 2.3 the two lengths stood the other way round, and in 2.3 with some writers.
    swapsLengths: (captured, original) => minor < 3 || (minor === 3 && captured > original),
  };
}

function tooLong(offset: number, captured: number): CaptureError {
  const reason = `a packet of ${captured} bytes, more than the ${limits.packetBytesMax} that can be`;
  return new CaptureError(offset, `${reason}: the file is damaged`);
}
