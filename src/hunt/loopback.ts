/**
 * BSD loopback (LINKTYPE_NULL, 0): on the wire 0 means Ethernet, so its packets go as LINKTYPE_LOOP,
 * which is the same with the address family in network byte order.
 */
import type { CapturePacket } from "./capture-packet.ts";

export const linkTypeNull = 0;
const linkTypeLoop = 108;

/** Changes the packet in place. */
export function asLoop(packet: CapturePacket): void {
  packet.linkType = linkTypeLoop;
  const { data } = packet;
  if (data.length < 4) return;
  const view = new DataView(data.buffer, data.byteOffset, 4);
  const family = view.getUint32(0);
  // Families are small, so the high half says in which order the capturing machine wrote it.
  if (family >>> 16 !== 0) view.setUint32(0, family, true);
}
