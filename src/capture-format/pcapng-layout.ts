/**
 * pcapng: the types of blocks, and what stands where in them, in bytes from the start of the block
 * (draft-ietf-opsawg-pcapng, section 3.1 "General Block Structure" and section 4 "Block Definition").
 */

export const blockType = {
  sectionHeader: 0x0a0d_0d0a,
  interfaceDescription: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
} as const;

/** Every block: type and total length, a body that is padded to words, the total length again. */
export const blockFrame = {
  type: 0,
  totalLength: 4,
  body: 8,
  /** The second total length. */
  trailerBytes: 4,
  bytes: 12,
} as const;

/** Section 4.1 "Section Header Block": it says in which byte order the blocks behind it are. */
export const sectionHeader = {
  byteOrderMagic: 8,
  majorVersion: 12,
  minorVersion: 14,
  /** 64 bits; all of them 1 when it is not stated. */
  sectionLength: 16,
  options: 24,
} as const;

export const byteOrderMagic = 0x1a2b_3c4d;
export const majorVersion = 1;

/** Section 4.2 "Interface Description Block": its place in the section is its id, from 0. */
export const interfaceDescription = {
  /** 16 bits. */
  linkType: 8,
  /** 0 is without limit. */
  snapLength: 12,
  options: 16,
} as const;

/** Section 4.3 "Enhanced Packet Block". Options follow behind the data, which is padded to words. */
export const enhancedPacket = {
  interfaceId: 8,
  timeHigh: 12,
  timeLow: 16,
  capturedLength: 20,
  originalLength: 24,
  data: 28,
} as const;

/** Bytes of an Enhanced Packet Block without its data. */
export const enhancedPacketOverhead: number = enhancedPacket.data + blockFrame.trailerBytes;

/** Appendix "Packet Block (obsolete!)": as the Enhanced one, but 16 bits of interface and 16 of drops. */
export const obsoletePacket = { ...enhancedPacket, drops: 10 } as const;

/** Section 4.4 "Simple Packet Block": of interface 0, without a time. */
export const simplePacket = { originalLength: 8, data: 12 } as const;

/** Section 4.6 "Interface Statistics Block". */
export const interfaceStatistics = {
  interfaceId: 8,
  timeHigh: 12,
  timeLow: 16,
  options: 20,
} as const;

/** `length`, below 2^31, rounded up to whole 32-bit words, as options and packet data are padded. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
