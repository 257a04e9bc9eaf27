/** The load: a file of length-prefixed PacketBatch messages, as h2load sends it in one stream. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { encodeBatch, type PacketToEncode } from "../support/encode-batch.ts";

export const packetBytes = 512;
export const packetsPerBatch = 64;

/** Writes `batches` batches of 64 packets of 512 bytes to `path`; returns the file's size in bytes. */
export function writeBody(path: string, batches: number): number {
  // A hundred different batches, each with a sequence of its own when written.
  const messages = Array.from({ length: 100 }, (_, index) => makeBatch(index));
  const file = openSync(path, "w", 0o600);
  let size = 0;
  try {
    for (let batch = 0; batch < batches; batch++) {
      const message = messages[batch % messages.length] as Uint8Array;
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      size += writeSync(file, Buffer.concat([prefix, message]));
    }
  } finally {
    closeSync(file);
  }
  return size;
}

function makeBatch(index: number): Uint8Array {
  const packets: PacketToEncode[] = [];
  for (let packet = 0; packet < packetsPerBatch; packet++) {
    const number = index * packetsPerBatch + packet;
    packets.push({
      data: tcpPacket(number),
      timeNs: 1_700_000_000_000_000_000n + BigInt(number) * 1000n,
      interfaceName: "eth0",
    });
  }
  return encodeBatch({ hunterId: "bench-hunter", sequence: BigInt(index + 1), packets });
}

/** One of 200 TCP connections; every fifth packet starts an HTTP request. */
function tcpPacket(number: number): Uint8Array {
  const data = Buffer.alloc(packetBytes, 0x41 + (number % 20));
  data.write("020000000001020000000002", 0, "hex");
  data.writeUInt16BE(0x0800, 12);
  data.fill(0, 14, 54);
  data[14] = 0x45;
  data.writeUInt16BE(packetBytes - 14, 16);
  data[22] = 64;
  data[23] = 6;
  data.writeUInt32BE(0x0a000001, 26);
  data.writeUInt32BE(0x0a000002, 30);
  data.writeUInt16BE(40_000 + (number % 200), 34);
  data.writeUInt16BE(number % 200 < 100 ? 80 : 9000, 36);
  data[46] = 0x50;
  data[47] = 0x18;
  if (number % 5 === 0) data.write("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", 54);
  return data;
}

/** Writes the packets as a classic pcap file. */
export function writePcap(path: string, count: number): void {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  const parts: Buffer[] = [header];
  for (let number = 0; number < count; number++) {
    const data = Buffer.from(tcpPacket(number));
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000, 0);
    record.writeUInt32LE(number % 1_000_000, 4);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(data.length, 12);
    parts.push(record, data);
  }
  writeFileSync(path, Buffer.concat(parts));
}
