/** Classic pcap with nanoseconds, little-endian (draft-ietf-opsawg-pcap, sections 4 and 5). */
import { limits } from "../config/limits.ts";

/** Magic number of a file with nanoseconds, and with microseconds. */
export const nanosecondMagic = 0xa1b2_3c4d;
export const microsecondMagic = 0xa1b2_c3d4;

export const fileHeaderBytes = 24;
export const recordHeaderBytes = 16;

export function pcapFileHeader(linkType: number): Buffer {
  const bytes = Buffer.alloc(fileHeaderBytes);
  bytes.writeUInt32LE(nanosecondMagic, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(limits.packetBytesMax, 16);
  bytes.writeUInt32LE(linkType, 20);
  return bytes;
}

const billion = 1_000_000_000;
const secondsMax = 0xffff_ffff;

/**
 * Splits 64-bit nanoseconds since 1970 into seconds and nanoseconds without BigInt. What is beyond
 * the 32 bits of the seconds (2106) becomes the last instant that the format can hold.
 */
export class TimeSplit {
  seconds = 0;
  nanoseconds = 0;
  /** Packets in a row share the high word for 4.3 s: its part is computed once. */
  private high = -1;
  private highSeconds = 0;
  private highRest = 0;

  split(timeHigh: number, timeLow: number): void {
    if (timeHigh !== this.high) this.splitHigh(timeHigh);
    let seconds = this.highSeconds;
    let rest = this.highRest + timeLow;
    while (rest >= billion) {
      rest -= billion;
      seconds++;
    }
    if (seconds > secondsMax) {
      seconds = secondsMax;
      rest = billion - 1;
    }
    this.seconds = seconds;
    this.nanoseconds = rest;
  }

  /** 2^32 ns are 4 s and 294,967,296 ns. In two steps of 16 bits every product is below 2^53. */
  private splitHigh(high: number): void {
    const upper = (high >>> 16) * 294_967_296;
    const upperSeconds = Math.floor(upper / billion);
    const lower = (upper - upperSeconds * billion) * 65_536 + (high & 0xffff) * 294_967_296;
    const lowerSeconds = Math.floor(lower / billion);
    this.high = high;
    this.highSeconds = high * 4 + upperSeconds * 65_536 + lowerSeconds;
    this.highRest = lower - lowerSeconds * billion;
  }
}
