/** Capture files that Weir did not write, and some that nobody could. */

/** A pcap record of time 1, as a node of this byte order writes it. */
export function pcapRecord(data: Buffer, little = true): Buffer {
  return Buffer.concat([words(little, 1, 1, data.length, data.length), data]);
}

export function nanosecondPcap(linkType: number, packets: readonly Buffer[]): Buffer {
  return pcap(0xa1b23c4d, linkType, 262_144, packets);
}

function pcap(
  magic: number,
  linkType: number,
  snapLength: number,
  packets: readonly Buffer[],
  little = true,
): Buffer {
  const version = little ? Buffer.from([2, 0, 4, 0]) : Buffer.from([0, 2, 0, 4]);
  const header = [words(little, magic), version, words(little, 0, 0, snapLength, linkType)];
  return Buffer.concat([...header, ...packets.map((data) => pcapRecord(data, little))]);
}

/** An enhanced packet block of the first interface; `length` bytes of data. */
export function packetBlock(length: number, little = true): Buffer {
  const data = Buffer.alloc((length + 3) & ~3);
  data.fill(1, 0, length);
  return block(little, 6, Buffer.concat([words(little, 0, 0, 1, length, length), data]));
}

/** One big-endian section with an Ethernet interface. */
export function swappedPcapng(packets: number): Buffer {
  const section = Buffer.concat([words(false, 0x1a2b3c4d, 0x0001_0000), Buffer.alloc(8, 0xff)]);
  const ethernet = words(false, 0x0001_0000, 262_144);
  const blocks = Array.from({ length: packets }, (_, index) => packetBlock(60 + index, false));
  return Buffer.concat([block(false, 0x0a0d0d0a, section), block(false, 1, ethernet), ...blocks]);
}

/** Files that cannot be continued in the format of that extension. */
export function foreignCaptures(extension: string): [name: string, content: Buffer][] {
  const packet = [Buffer.alloc(60, 7)];
  const text = Buffer.from("Dear diary,\nnothing was captured today.\n".repeat(20));
  const damaged = Buffer.alloc(9 * 1024 * 1024, 0xa7);
  if (extension === "pcapng") {
    return [
      ["a text", text],
      ["a classic pcap", nanosecondPcap(1, packet)],
      ["9 MB of which only the start is pcapng", Buffer.concat([littlePcapng(), damaged])],
    ];
  }
  return [
    ["a text", text],
    ["a pcapng", littlePcapng()],
    ["a pcap with microseconds", pcap(0xa1b2c3d4, 1, 262_144, packet)],
    ["a pcap of the other byte order", pcap(0xa1b23c4d, 1, 262_144, packet, false)],
    ["a pcap with a short snap length", pcap(0xa1b23c4d, 1, 96, packet)],
    ["9 MB of which only the start is pcap", Buffer.concat([nanosecondPcap(1, packet), damaged])],
  ];
}

/** One little-endian section with an Ethernet interface of microseconds, and a packet. */
export function littlePcapng(statedLength = false): Buffer {
  const length = statedLength ? words(true, 20 + 92, 0) : Buffer.alloc(8, 0xff);
  const section = Buffer.concat([words(true, 0x1a2b3c4d, 1), length]);
  return Buffer.concat([
    block(true, 0x0a0d0d0a, section),
    block(true, 1, words(true, 1, 262_144)),
    packetBlock(60),
  ]);
}

function block(little: boolean, type: number, body: Buffer): Buffer {
  const length = body.length + 12;
  return Buffer.concat([words(little, type, length), body, words(little, length)]);
}

function words(little: boolean, ...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    if (little) bytes.writeUInt32LE(value, index * 4);
    else bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}
