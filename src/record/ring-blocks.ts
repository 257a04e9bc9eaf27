/**
 * What stands in a shard's ring between the record sink (shard) and the recorder.
 *
 * Every block is a multiple of 4 bytes, little-endian, and starts like a pcapng block: type (u32),
 * total length (u32). Packets are Enhanced Packet Blocks as they will stand in the file
 * (`capture-format/pcapng-layout.ts`) but for the interface id, which is the shard's own interface
 * number; the recorder replaces it. The other blocks never reach a file.
 *
 *   packet     6           EPB: type, total length, shard interface number, time high, time low (ns),
 *                          captured length, original length, data padded to 4, total length
 *   interface  0x4e000001  type, total length, shard interface number, link type, hunter id length,
 *                          interface name length, hunter id (UTF-8), interface name (UTF-8), padding
 *                          to 4. Stands before the first packet of that interface.
 *   reset      0x4e000002  type, 8: the shard began anew, its interface numbers start again at 0
 *   statistics 0x4e000003  type, 32, shard interface number, 0, packets that the hunter captured
 *                          (f64), packets that it dropped (f64): running totals, the last one counts
 *   skip       0x4e0000ff  type only: the reader goes on at the start of the ring (pipeline/ring.ts)
 */
import { blockFrame, blockType, enhancedPacket } from "../capture-format/pcapng-layout.ts";

export const ringBlock = {
  packet: blockType.enhancedPacket,
  interface: 0x4e00_0001,
  reset: 0x4e00_0002,
  statistics: 0x4e00_0003,
} as const;

/** The fields of a packet's block as 32-bit words from its start: so the rings are read and written. */
export const packetWord = {
  totalLength: blockFrame.totalLength / 4,
  interfaceId: enhancedPacket.interfaceId / 4,
  timeHigh: enhancedPacket.timeHigh / 4,
  timeLow: enhancedPacket.timeLow / 4,
  capturedLength: enhancedPacket.capturedLength / 4,
  originalLength: enhancedPacket.originalLength / 4,
} as const;
