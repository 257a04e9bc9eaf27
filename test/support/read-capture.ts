/**
 * A strict reader of capture files for tests: any length, id or padding that is not exactly as the
 * format says throws, with the offset.
 */
import { readFileSync } from "node:fs";

export interface ReadPacket {
  /** `if_description` and `if_name`; "" in classic pcap. */
  readonly hunter: string;
  readonly interface: string;
  readonly linkType: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly originalLength: number;
  readonly bytes: Buffer;
}

export interface ReadStatistics {
  readonly hunter: string;
  readonly interface: string;
  readonly received: bigint;
  readonly dropped: bigint;
}

export interface ReadCaptureFile {
  readonly format: "pcapng" | "pcap";
  readonly packets: ReadPacket[];
  readonly statistics: ReadStatistics[];
  readonly sections: number;
  readonly interfaces: number;
  readonly application: string;
}

/** Reads a whole pcapng or pcap file, or throws. */
export function readCapture(path: string): ReadCaptureFile {
  return parseCapture(readFileSync(path));
}

export function parseCapture(file: Buffer): ReadCaptureFile {
  if (file.length >= 4 && file.readUInt32LE(0) === 0x0a0d0d0a) return parsePcapng(file);
  if (file.length >= 24 && file.readUInt32LE(0) === 0xa1b23c4d) return parsePcap(file);
  throw new Error(`neither pcapng nor nanosecond pcap: ${file.subarray(0, 8).toString("hex")}`);
}

function check(condition: boolean, at: number, text: string): asserts condition {
  if (!condition) throw new Error(`at ${at}: ${text}`);
}

function parsePcap(file: Buffer): ReadCaptureFile {
  check(file.readUInt32LE(4) === 0x0004_0002, 4, "version is not 2.4");
  const snapLength = file.readUInt32LE(16);
  const linkType = file.readUInt32LE(20);
  const packets: ReadPacket[] = [];
  let at = 24;
  while (at < file.length) {
    check(at + 16 <= file.length, at, "torn record header");
    const seconds = file.readUInt32LE(at);
    const nanoseconds = file.readUInt32LE(at + 4);
    const captured = file.readUInt32LE(at + 8);
    const originalLength = file.readUInt32LE(at + 12);
    check(nanoseconds < 1_000_000_000, at, "nanoseconds");
    check(captured <= snapLength && captured <= originalLength, at, "captured length");
    check(at + 16 + captured <= file.length, at, "torn record");
    const bytes = file.subarray(at + 16, at + 16 + captured);
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    packets.push({ hunter: "", interface: "", linkType, time, originalLength, bytes });
    at += 16 + captured;
  }
  const none = { statistics: [], sections: 1, interfaces: 1, application: "" };
  return { format: "pcap", packets, ...none };
}

interface Interface {
  readonly hunter: string;
  readonly name: string;
  readonly linkType: number;
  readonly snapLength: number;
}

function parsePcapng(file: Buffer): ReadCaptureFile {
  const packets: ReadPacket[] = [];
  const statistics: ReadStatistics[] = [];
  let interfaces: Interface[] = [];
  let sections = 0;
  let total = 0;
  let application = "";
  for (let at = 0; at < file.length; ) {
    check(at + 12 <= file.length, at, "torn block");
    const type = file.readUInt32LE(at);
    const length = file.readUInt32LE(at + 4);
    check(length >= 12 && length % 4 === 0, at, `block length ${length}`);
    check(at + length <= file.length, at, "torn block");
    check(file.readUInt32LE(at + length - 4) === length, at, "trailing length");
    const body = file.subarray(at + 8, at + length - 4);
    check(type === 0x0a0d0d0a || sections > 0, at, "no section");
    if (type === 0x0a0d0d0a) {
      check(body.readUInt32LE(0) === 0x1a2b3c4d, at, "byte order");
      check(body.readUInt16LE(4) === 1 && body.readUInt16LE(6) === 0, at, "version");
      check(body.readBigInt64LE(8) === -1n, at, "section length");
      application = readOptions(body, 16, at).get(4)?.toString("utf8") ?? "";
      interfaces = [];
      sections++;
    } else if (type === 1) {
      interfaces.push(readInterface(body, at));
      total++;
    } else if (type === 5) {
      statistics.push(readStatistics(body, at, interfaces));
    } else if (type === 6) {
      packets.push(readPacket(body, at, interfaces));
    } else throw new Error(`at ${at}: unexpected block type ${type}`);
    at += length;
  }
  return { format: "pcapng", packets, statistics, sections, interfaces: total, application };
}

function readInterface(body: Buffer, at: number): Interface {
  check(body.readUInt16LE(2) === 0, at, "reserved");
  const options = readOptions(body, 8, at);
  check(options.get(9)?.[0] === 9, at, "if_tsresol");
  return {
    hunter: options.get(3)?.toString("utf8") ?? "",
    name: options.get(2)?.toString("utf8") ?? "",
    linkType: body.readUInt16LE(0),
    snapLength: body.readUInt32LE(4),
  };
}

function readStatistics(body: Buffer, at: number, interfaces: Interface[]): ReadStatistics {
  const owner = interfaces[body.readUInt32LE(0)];
  check(owner !== undefined, at, "statistics of an unknown interface");
  const options = readOptions(body, 12, at);
  return {
    hunter: owner.hunter,
    interface: owner.name,
    received: options.get(4)?.readBigUInt64LE(0) ?? -1n,
    dropped: options.get(5)?.readBigUInt64LE(0) ?? -1n,
  };
}

function readPacket(body: Buffer, at: number, interfaces: Interface[]): ReadPacket {
  const owner = interfaces[body.readUInt32LE(0)];
  check(owner !== undefined, at, `packet of unknown interface ${body.readUInt32LE(0)}`);
  const time = (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8));
  const captured = body.readUInt32LE(12);
  const originalLength = body.readUInt32LE(16);
  check(captured <= originalLength, at, "captured more than the original");
  check(owner.snapLength === 0 || captured <= owner.snapLength, at, "longer than the snap length");
  const padded = (captured + 3) & ~3;
  check(body.length === 20 + padded, at, "data length");
  for (let pad = captured; pad < padded; pad++) check(body[20 + pad] === 0, at, "padding");
  const bytes = body.subarray(20, 20 + captured);
  const { hunter, linkType } = owner;
  return { hunter, interface: owner.name, linkType, time, originalLength, bytes };
}

function readOptions(body: Buffer, from: number, at: number): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let next = from; next < body.length; ) {
    check(next + 4 <= body.length, at, "torn option");
    const code = body.readUInt16LE(next);
    const length = body.readUInt16LE(next + 2);
    if (code === 0) {
      check(length === 0 && next + 4 === body.length, at, "end of options");
      return options;
    }
    check(next + 4 + length <= body.length, at, "option length");
    check(!options.has(code), at, `option ${code} twice`);
    options.set(code, body.subarray(next + 4, next + 4 + length));
    next += 4 + ((length + 3) & ~3);
  }
  check(from === body.length, at, "options without an end");
  return options;
}
