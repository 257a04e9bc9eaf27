/** Packets that can be told apart again in a capture: hunter, running number and a checksum. */
import { encodeBatch, type PacketToEncode } from "./encode-batch.ts";

const headerBytes = 42;
const markBytes = 20;
const magic = 0x57454952;

/** Ethernet, IPv4, UDP, then: magic, hunter number, packet number (u64), CRC-32 of those. */
export function numberedPacket(hunter: number, number: number, size = 128): Uint8Array {
  const data = Buffer.alloc(Math.max(size, headerBytes + markBytes), 0x2e);
  data.write("020000000001020000000002", 0, "hex");
  data.writeUInt16BE(0x0800, 12);
  data[14] = 0x45;
  data[15] = 0;
  data.writeUInt16BE(data.length - 14, 16);
  // Not a fragment.
  data.writeUInt32BE(0, 18);
  data[22] = 64;
  data[23] = 17;
  data.writeUInt32BE(0x0a000000 + (hunter & 0xffffff), 26);
  data.writeUInt32BE(0x0a800001, 30);
  data.writeUInt16BE(20000 + (hunter % 20000), 34);
  data.writeUInt16BE(9999, 36);
  data.writeUInt16BE(data.length - 34, 38);
  data.writeUInt32BE(magic, headerBytes);
  data.writeUInt32BE(hunter, headerBytes + 4);
  data.writeBigUInt64BE(BigInt(number), headerBytes + 8);
  data.writeUInt32BE(
    Bun.hash.crc32(data.subarray(headerBytes, headerBytes + 16)),
    headerBytes + 16,
  );
  return data;
}

export interface PacketMark {
  readonly hunter: number;
  readonly number: number;
}

/** What `numberedPacket` put in; throws when the bytes are not what they were. */
export function readMark(data: Uint8Array): PacketMark {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (view.length < headerBytes + markBytes || view.readUInt32BE(headerBytes) !== magic) {
    throw new Error(`no numbered packet: ${view.subarray(0, 80).toString("hex")}`);
  }
  const crc = Bun.hash.crc32(view.subarray(headerBytes, headerBytes + 16));
  if (view.readUInt32BE(headerBytes + 16) !== crc)
    throw new Error("the packet's checksum is wrong");
  return {
    hunter: view.readUInt32BE(headerBytes + 4),
    number: Number(view.readBigUInt64BE(headerBytes + 8)),
  };
}

export interface NumberedBatchOptions {
  readonly hunterId: string;
  readonly hunter: number;
  /** Number of the first packet. */
  readonly first: number;
  readonly packets: number;
  readonly sequence: number;
  readonly size?: number;
  readonly interfaceName?: string;
  readonly linkType?: number;
  /** What the hunter says of itself: packets captured and dropped. */
  readonly stats?: { readonly captured: bigint; readonly dropped: bigint };
}

/** An encoded batch of packets numbered `first`, `first + 1`, …. */
export function numberedBatch(options: NumberedBatchOptions): Uint8Array {
  const packets: PacketToEncode[] = [];
  for (let index = 0; index < options.packets; index++) {
    const number = options.first + index;
    packets.push({
      data: numberedPacket(options.hunter, number, options.size),
      timeNs: 1_700_000_000_000_000_000n + BigInt(number) * 1000n,
      interfaceName: options.interfaceName ?? "eth0",
      linkType: options.linkType ?? 1,
    });
  }
  const { hunterId, sequence, stats } = options;
  const batch = { hunterId, sequence: BigInt(sequence), packets };
  return encodeBatch(stats === undefined ? batch : { ...batch, stats });
}
