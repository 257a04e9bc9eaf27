/** Decodes classic pcap (draft-ietf-opsawg-pcap): both byte orders, micro- and nanoseconds. */
import { readUint16, readUint32 } from "../capture-format/byte-order.ts";
import { CaptureError } from "../capture-format/capture-error.ts";
import {
  fileHeader,
  type PcapVariant,
  pcapVersion,
  recordHeader,
} from "../capture-format/pcap-layout.ts";
import { setSeconds } from "../capture-format/pcap-time.ts";
import { limits } from "../config/limits.ts";
import type { ByteWindow } from "./byte-window.ts";
import type { CaptureDecoder, CapturePacket } from "./capture-packet.ts";

/** The window must stand at the file header, whose magic number told the variant. Throws `CaptureError`. */
export function createPcapDecoder(
  window: ByteWindow,
  variant: PcapVariant,
  interfaceName: string,
): CaptureDecoder {
  const { littleEndian, fractionNs, recordHeaderBytes } = variant;
  let header: FileHeader | undefined;

  const u32 = (at: number): number => readUint32(window.bytes, at, littleEndian);

  function next(packet: CapturePacket): boolean {
    if (header === undefined) {
      if (!window.has(fileHeader.bytes)) return false;
      header = readFileHeader(window, littleEndian);
      window.consume(fileHeader.bytes);
    }
    if (!window.has(recordHeaderBytes)) return false;
    const at = window.start;
    let captured = u32(at + recordHeader.capturedLength);
    let original = u32(at + recordHeader.originalLength);
    if (header.swapsLengths(captured, original)) [captured, original] = [original, captured];
    if (captured > limits.packetBytesMax) throw tooLong(window.offset, captured);
    const seconds = u32(at + recordHeader.seconds);
    const fraction = u32(at + recordHeader.fraction);
    if (seconds === 0 && original === 0 && captured === 0 && fraction === 0) {
      throw new CaptureError(
        window.offset,
        "a record of zeros: the file was not written completely",
      );
    }
    if (!window.has(recordHeaderBytes + captured)) return false;
    setSeconds(packet, seconds, fraction * fractionNs);
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

function readFileHeader({ bytes, start }: ByteWindow, littleEndian: boolean): FileHeader {
  const major = readUint16(bytes, start + fileHeader.majorVersion, littleEndian);
  const minor = readUint16(bytes, start + fileHeader.minorVersion, littleEndian);
  if (major !== pcapVersion.major) {
    const known = `${pcapVersion.major}.${pcapVersion.minor}`;
    const reason = `pcap version ${major}.${minor} is not supported, only ${known}`;
    throw new CaptureError(fileHeader.majorVersion, reason);
  }
  return {
    linkType: readUint32(bytes, start + fileHeader.linkType, littleEndian) & 0xffff,
    // Before 2.3 the two lengths stood the other way round, and in 2.3 with some writers.
    swapsLengths: (captured, original) => minor < 3 || (minor === 3 && captured > original),
  };
}

function tooLong(offset: number, captured: number): CaptureError {
  const reason = `a packet of ${captured} bytes, where the most is ${limits.packetBytesMax}`;
  return new CaptureError(offset, `${reason}: the file is damaged`);
}
