/** Capture files made by hand, byte by byte, as the formats' drafts describe them. */

export interface Bytes {
  u16(value: number): Buffer;
  u32(value: number): Buffer;
}

export const little: Bytes = {
  u16: (value) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
  },
  u32: (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  },
};

export const big: Bytes = {
  u16: (value) => Buffer.from(little.u16(value)).reverse(),
  u32: (value) => Buffer.from(little.u32(value)).reverse(),
};

export interface PcapOptions {
  readonly order?: Bytes;
  readonly magic?: number;
  readonly linkType?: number;
  readonly minor?: number;
}

export function pcapHeader(options: PcapOptions = {}): Buffer {
  const { u16, u32 } = options.order ?? little;
  const { magic = 0xa1b2c3d4, linkType = 1, minor = 4 } = options;
  return Buffer.concat([
    u32(magic),
    u16(2),
    u16(minor),
    u32(0),
    u32(0),
    u32(262144),
    u32(linkType),
  ]);
}

export function pcapRecord(
  data: Uint8Array,
  seconds: number,
  fraction: number,
  order: Bytes = little,
  originalLength: number = data.length,
): Buffer {
  const { u32 } = order;
  return Buffer.concat([u32(seconds), u32(fraction), u32(data.length), u32(originalLength), data]);
}

/** A pcap file of `count` packets whose data is their number in 4 bytes and then `fill` bytes. */
export function numberedPcap(count: number, fill = 60): Buffer {
  const parts = [pcapHeader()];
  for (let number = 0; number < count; number += 1) {
    parts.push(pcapRecord(numbered(number, fill), 1_700_000_000 + number, 0));
  }
  return Buffer.concat(parts);
}

export function numbered(number: number, fill = 60): Buffer {
  return Buffer.concat([big.u32(number), Buffer.alloc(fill, number & 0xff)]);
}

export function block(type: number, body: Buffer, order: Bytes = little): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const length = order.u32(padded.length + 12);
  return Buffer.concat([order.u32(type), length, padded, length]);
}

export function section(order: Bytes = little, options: Buffer = Buffer.alloc(0)): Buffer {
  const { u16, u32 } = order;
  const sectionLength = [u32(0xffffffff), u32(0xffffffff)];
  const body = Buffer.concat([u32(0x1a2b3c4d), u16(1), u16(0), ...sectionLength, options]);
  return block(0x0a0d0d0a, body, order);
}

export function option(code: number, value: Buffer, order: Bytes = little): Buffer {
  const padding = Buffer.alloc((4 - (value.length % 4)) % 4);
  return Buffer.concat([order.u16(code), order.u16(value.length), value, padding]);
}

export function interfaceBlock(
  linkType: number,
  options: readonly Buffer[] = [],
  order: Bytes = little,
  snapLength = 0,
): Buffer {
  const { u16, u32 } = order;
  return block(1, Buffer.concat([u16(linkType), u16(0), u32(snapLength), ...options]), order);
}

export interface PacketBlock {
  readonly index?: number;
  readonly ticks: bigint;
  readonly data: Uint8Array;
  readonly originalLength?: number;
  readonly order?: Bytes;
}

export function packetBlock(packet: PacketBlock): Buffer {
  const { u32 } = packet.order ?? little;
  return block(6, Buffer.concat([u32(packet.index ?? 0), timedBody(packet)]), packet.order);
}

export function oldPacketBlock(packet: PacketBlock): Buffer {
  const { u16 } = packet.order ?? little;
  const head = [u16(packet.index ?? 0), u16(7)];
  return block(2, Buffer.concat([...head, timedBody(packet)]), packet.order);
}

export function simplePacketBlock(data: Uint8Array, originalLength: number): Buffer {
  return block(3, Buffer.concat([little.u32(originalLength), data]));
}

function timedBody(packet: PacketBlock): Buffer {
  const { ticks, data, order = little } = packet;
  const originalLength = packet.originalLength ?? data.length;
  const padding = Buffer.alloc((4 - (data.length % 4)) % 4);
  return Buffer.concat([
    order.u32(Number(ticks >> 32n)),
    order.u32(Number(ticks & 0xffffffffn)),
    order.u32(data.length),
    order.u32(originalLength),
    data,
    padding,
  ]);
}
