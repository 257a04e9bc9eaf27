/** Decodes pcapng. */
import { limits } from "../config/limits.ts";
import type { ByteWindow } from "./byte-window.ts";
import { CaptureError } from "./capture-errors.ts";
import type { CaptureDecoder, CapturePacket, FallbackName } from "./capture-packet.ts";
import { type PcapngInterface, readInterface } from "./pcapng-interface.ts";

export const pcapngMagic = 0x0a0d_0d0a;

const blockType = { interface: 1, oldPacket: 2, simplePacket: 3, packet: 6 } as const;
const orderMagic = 0x1a2b_3c4d;
const headerBytes = 8;
/** Type and both lengths. */
const frameBytes = 12;
const sectionBytesMin = 28;

/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, Enhanced, Simple and the old
 * Packet Blocks. Other blocks are passed over unread. Packets of a Simple Packet Block have no time
 * and get 0. Throws `CaptureError`.
 */
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
    while (window.has(frameBytes)) {
      const type = this.u32(0);
      if (type === pcapngMagic) this.littleEndian = this.readByteOrder();
      const length = this.u32(4);
      if (length < frameBytes || length % 4 !== 0) {
        throw this.fault(`a block length of ${length}: the file is damaged`);
      }
      if (!isKnown(type)) {
        window.skip(length);
        continue;
      }
      if (length > limits.packetBytesMax + limits.huntBlockBytesMax) {
        throw this.fault(`a block of ${length} bytes is too long to be right`);
      }
      if (!window.has(length)) return false;
      if (this.u32(length - 4) !== length) {
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
      case pcapngMagic:
        this.startSection(length);
        return false;
      case blockType.interface:
        this.addInterface(length);
        return false;
      case blockType.packet:
        return this.readPacket(length, packet, this.u32Body(8, length, 20));
      case blockType.oldPacket:
        return this.readPacket(length, packet, this.u16Body(8, length, 20));
      default:
        return this.readSimplePacket(length, packet);
    }
  }

  private readByteOrder(): boolean {
    const { bytes, start } = this.window;
    if (bytes.readUInt32LE(start + 8) === orderMagic) return true;
    if (bytes.readUInt32BE(start + 8) === orderMagic) return false;
    throw this.fault("a section header without its byte-order mark: the file is damaged");
  }

  private startSection(length: number): void {
    if (length < sectionBytesMin) throw this.fault("a section header is too short");
    const { bytes, start } = this.window;
    const major = this.littleEndian
      ? bytes.readUInt16LE(start + 12)
      : bytes.readUInt16BE(start + 12);
    if (major !== 1) throw this.fault(`pcapng version ${major}, where 1 is known`);
    this.interfaces = [];
  }

  private addInterface(length: number): void {
    const { bytes, start, offset } = this.window;
    if (this.interfaces.length >= limits.interfacesMax) {
      throw this.fault(`more than ${limits.interfacesMax} interfaces in one section`);
    }
    const body = bytes.subarray(start + headerBytes, start + length - 4);
    const found = readInterface(body, this.littleEndian, offset + headerBytes);
    const name = found.name === "" ? this.fallbackName(this.interfaces.length) : found.name;
    this.interfaces.push({ ...found, name });
  }

  /** Both timed packet blocks have the time at 12, the lengths at 20 and the data at 28. */
  private readPacket(length: number, packet: CapturePacket, index: number): boolean {
    const from = this.interface(index);
    this.setData(packet, from, index, 28, this.u32(20), length);
    packet.originalLength = Math.max(this.u32(24), packet.data.length);
    from.timeScale(this.u32(12), this.u32(16), packet);
    return true;
  }

  private readSimplePacket(length: number, packet: CapturePacket): boolean {
    const from = this.interface(0);
    const original = this.u32Body(8, length, 4);
    const snapLength = from.snapLength === 0 ? original : from.snapLength;
    this.setData(packet, from, 0, 12, Math.min(original, snapLength), length);
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
    if (captured > limits.packetBytesMax || dataAt + captured + 4 > length) {
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
      throw this.fault(`a packet of interface ${index}, which is not described`);
    return found;
  }

  private u32(at: number): number {
    const { bytes, start } = this.window;
    return this.littleEndian ? bytes.readUInt32LE(start + at) : bytes.readUInt32BE(start + at);
  }

  private u32Body(at: number, length: number, bodyBytesMin: number): number {
    if (length < frameBytes + bodyBytesMin) throw this.fault("a packet block is too short");
    return this.u32(at);
  }

  private u16Body(at: number, length: number, bodyBytesMin: number): number {
    if (length < frameBytes + bodyBytesMin) throw this.fault("a packet block is too short");
    const { bytes, start } = this.window;
    return this.littleEndian ? bytes.readUInt16LE(start + at) : bytes.readUInt16BE(start + at);
  }

  private fault(reason: string): CaptureError {
    return new CaptureError(this.window.offset, reason);
  }
}

function isKnown(type: number): boolean {
  return (
    type === pcapngMagic ||
    type === blockType.interface ||
    type === blockType.oldPacket ||
    type === blockType.simplePacket ||
    type === blockType.packet
  );
}
