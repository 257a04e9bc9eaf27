/**
 * Decodes pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, Enhanced, Simple and the old
 * Packet Blocks. Other blocks are passed over unread.
 */
import { readUint16, readUint32 } from "../capture-format/byte-order.ts";
import { CaptureError } from "../capture-format/capture-error.ts";
import { type PcapngInterface, readInterface } from "../capture-format/pcapng-interface.ts";
import {
  blockFrame,
  blockType,
  byteOrderMagic,
  enhancedPacket,
  majorVersion,
  obsoletePacket,
  sectionHeader,
  simplePacket,
} from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import type { ByteWindow } from "./byte-window.ts";
import type { CaptureDecoder, CapturePacket, FallbackName } from "./capture-packet.ts";

const sectionBytesMin = sectionHeader.options + blockFrame.trailerBytes;

/** Packets of a Simple Packet Block have no time and get 0. Throws `CaptureError`. */
export class PcapngDecoder implements CaptureDecoder {
  private readonly window: ByteWindow;
  private readonly fallbackName: FallbackName;
  private littleEndian = true;
  private interfaces: PcapngInterface[] = [];

  constructor(window: ByteWindow, fallbackName: FallbackName) {
    this.window = window;
    this.fallbackName = fallbackName;
  }

  next(packet: CapturePacket): boolean {
    const window = this.window;
    while (window.has(blockFrame.bytes)) {
      const type = this.u32(blockFrame.type);
      if (type === blockType.sectionHeader) this.littleEndian = this.readByteOrder();
      const length = this.u32(blockFrame.totalLength);
      if (length < blockFrame.bytes || length % 4 !== 0) {
        throw this.fault(`a block length of ${length}: the file is damaged`);
      }
      if (!isKnown(type)) {
        window.skip(length);
        continue;
      }
      if (length > limits.packetBytesMax + limits.huntBlockBytesMax) {
        throw this.fault(`a block of ${length} bytes is too long: the file is damaged`);
      }
      if (!window.has(length)) return false;
      if (this.u32(length - blockFrame.trailerBytes) !== length) {
        throw this.fault("the two lengths of a block differ: the file is damaged");
      }
      const isPacket = this.readBlock(type, length, packet);
      window.consume(length);
      if (isPacket) return true;
    }
    return false;
  }

  private readBlock(type: number, length: number, packet: CapturePacket): boolean {
    switch (type) {
      case blockType.sectionHeader:
        this.startSection(length);
        return false;
      case blockType.interfaceDescription:
        this.addInterface(length);
        return false;
      case blockType.enhancedPacket:
        this.checkLength(length, enhancedPacket.data);
        return this.readPacket(length, packet, this.u32(enhancedPacket.interfaceId));
      case blockType.obsoletePacket:
        this.checkLength(length, obsoletePacket.data);
        return this.readPacket(length, packet, this.u16(obsoletePacket.interfaceId));
      default:
        return this.readSimplePacket(length, packet);
    }
  }

  private readByteOrder(): boolean {
    const { bytes, start } = this.window;
    const at = start + sectionHeader.byteOrderMagic;
    if (readUint32(bytes, at, true) === byteOrderMagic) return true;
    if (readUint32(bytes, at, false) === byteOrderMagic) return false;
    throw this.fault("a section header without its byte-order mark: the file is damaged");
  }

  private startSection(length: number): void {
    if (length < sectionBytesMin) throw this.fault("a section header is too short");
    const major = this.u16(sectionHeader.majorVersion);
    if (major !== majorVersion) {
      throw this.fault(`pcapng version ${major} is not supported, only ${majorVersion}`);
    }
    this.interfaces = [];
  }

  private addInterface(length: number): void {
    const { bytes, start, offset } = this.window;
    if (this.interfaces.length >= limits.interfacesMax) {
      throw this.fault(`more than ${limits.interfacesMax} interfaces in one section`);
    }
    const block = bytes.subarray(start, start + length);
    const found = readInterface(block, this.littleEndian, offset);
    const name = found.name === "" ? this.fallbackName(this.interfaces.length) : found.name;
    this.interfaces.push({ ...found, name });
  }

  /** Both timed packet blocks have time, lengths and data at the same places. */
  private readPacket(length: number, packet: CapturePacket, index: number): boolean {
    const from = this.interface(index);
    const captured = this.u32(enhancedPacket.capturedLength);
    this.setData(packet, from, index, enhancedPacket.data, captured, length);
    const original = this.u32(enhancedPacket.originalLength);
    packet.originalLength = Math.max(original, packet.data.length);
    from.timeScale(this.u32(enhancedPacket.timeHigh), this.u32(enhancedPacket.timeLow), packet);
    return true;
  }

  private readSimplePacket(length: number, packet: CapturePacket): boolean {
    const from = this.interface(0);
    this.checkLength(length, simplePacket.data);
    const original = this.u32(simplePacket.originalLength);
    const snapLength = from.snapLength === 0 ? original : from.snapLength;
    const captured = Math.min(original, snapLength);
    this.setData(packet, from, 0, simplePacket.data, captured, length);
    packet.originalLength = original;
    packet.timeLow = 0;
    packet.timeHigh = 0;
    return true;
  }

  private setData(
    packet: CapturePacket,
    from: PcapngInterface,
    index: number,
    dataAt: number,
    captured: number,
    length: number,
  ): void {
    if (captured > limits.packetBytesMax || dataAt + captured + blockFrame.trailerBytes > length) {
      throw this.fault(
        `a packet of ${captured} bytes in a block of ${length}: the file is damaged`,
      );
    }
    const dataStart = this.window.start + dataAt;
    packet.data = this.window.bytes.subarray(dataStart, dataStart + captured);
    packet.linkType = from.linkType;
    packet.interfaceName = from.name;
    packet.interfaceIndex = index;
  }

  private interface(index: number): PcapngInterface {
    const found = this.interfaces[index];
    if (found === undefined)
      throw this.fault(`a packet of interface ${index}, which has no interface block`);
    return found;
  }

  private u32(at: number): number {
    const { bytes, start } = this.window;
    return readUint32(bytes, start + at, this.littleEndian);
  }

  private u16(at: number): number {
    const { bytes, start } = this.window;
    return readUint16(bytes, start + at, this.littleEndian);
  }

  /** `dataAt` is where the fields of a packet block end. */
  private checkLength(length: number, dataAt: number): void {
    if (length < dataAt + blockFrame.trailerBytes) throw this.fault("a packet block is too short");
  }

  private fault(reason: string): CaptureError {
    return new CaptureError(this.window.offset, reason);
  }
}

function isKnown(type: number): boolean {
  return (
    type === blockType.sectionHeader ||
    type === blockType.interfaceDescription ||
    type === blockType.obsoletePacket ||
    type === blockType.simplePacket ||
    type === blockType.enhancedPacket
  );
}
