/** Both byte orders: a capture file is in that of the machine which wrote it. */

export function readUint16(bytes: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

export function readUint32(bytes: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

/** The word in the other byte order. */
export function swapBytes(word: number): number {
  const turned = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  return turned >>> 0;
}
