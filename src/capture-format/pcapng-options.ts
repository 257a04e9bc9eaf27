/**
 * Options of pcapng blocks: code and length of the value, 16 bits each, then the value, padded to words
 * (draft-ietf-opsawg-pcapng, section 3.5 "Options").
 */
import { padded } from "./pcapng-layout.ts";

/** Code 0 with length 0 ends a list of options; codes are a block's own, so that 2 to 4 recur. */
export const optionCode = {
  end: 0,
  // Section header: shb_hardware, shb_os, shb_userappl.
  hardware: 2,
  operatingSystem: 3,
  application: 4,
  // Interface description: if_name, if_description, if_tsresol, if_tsoffset.
  interfaceName: 2,
  interfaceDescription: 3,
  timeResolution: 9,
  timeOffset: 14,
  // Interface statistics: isb_starttime, isb_endtime, isb_ifrecv, isb_ifdrop.
  startTime: 2,
  endTime: 3,
  received: 4,
  dropped: 5,
} as const;

/** Code and length stand before the value. */
export const optionHeadBytes = 4;
/** Longest value of an option: its length field has 16 bits. */
const optionBytesMax = 0xffff;

/** The code in the first word of an option, which was read in the byte order of its section. */
export function codeOf(word: number, littleEndian: boolean): number {
  return littleEndian ? word & 0xffff : word >>> 16;
}

/** The length in that word. */
export function lengthOf(word: number, littleEndian: boolean): number {
  return littleEndian ? word >>> 16 : word & 0xffff;
}

/** Bytes from the start of an option to that of the next. */
export function optionBytes(valueLength: number): number {
  return optionHeadBytes + padded(valueLength);
}

/** An option, little-endian. */
export function rawOption(code: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(optionBytes(value.length));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  value.copy(bytes, optionHeadBytes);
  return bytes;
}

/** UTF-8, cut where no character is split. An empty text is left out: some readers show it as an error. */
export function textOption(code: number, text: string): Buffer {
  const value = Buffer.from(text, "utf8");
  const end = characterEnd(value, optionBytesMax);
  return end === 0 ? Buffer.alloc(0) : rawOption(code, value.subarray(0, end));
}

/** The most of UTF-8 `value`, but at most `bytesMax`, that ends with a whole character. */
export function characterEnd(value: Buffer, bytesMax: number): number {
  if (value.length <= bytesMax) return value.length;
  let end = bytesMax;
  while (end > 0 && ((value[end] as number) & 0xc0) === 0x80) end--;
  return end;
}
