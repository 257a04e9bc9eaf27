/** Reader of pcap and pcapng files for tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A small reader of capture files for tests: pcap (micro- and nanoseconds) and pcapng, both byte
 * orders. It reads a whole file at once, and stops at the first torn or senseless record.
 */
export interface CapturePacket {
  /** LINKTYPE number as in the file. */
  readonly linkType: number;
  /** The captured bytes: a view of the file's buffer. */
  readonly data: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** Length on the wire, bytes. */
  readonly originalLength: number;
  /** if_name of a pcapng file; "" where there is none. */
  readonly interfaceName: string;
}

/** Folder of the shared capture files with `truth.tsv`, or undefined where there is none. */
export function sharedCaptures(): string | undefined {
  const folder = join(import.meta.dir, "../../../shared/captures");
  return existsSync(join(folder, "truth.tsv")) ? folder : undefined;
}

/** Paths of all capture files in a folder, sorted. */
export function captureFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /\.(pcap|pcapng|cap)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

export function readCapture(path: string): CapturePacket[] {
  return parseCapture(new Uint8Array(readFileSync(path)));
}

/** Packets of a capture file's bytes, in file order; none when it is neither pcap nor pcapng. */
export function parseCapture(bytes: Uint8Array): CapturePacket[] {
  if (bytes.length < 24) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (view.getUint32(0)) {
    case 0x0a0d0d0a:
      return parsePcapng(bytes, view);
    case 0xa1b2c3d4:
      return parsePcap(bytes, view, false, 1000n);
    case 0xd4c3b2a1:
      return parsePcap(bytes, view, true, 1000n);
    case 0xa1b23c4d:
      return parsePcap(bytes, view, false, 1n);
    case 0x4d3cb2a1:
      return parsePcap(bytes, view, true, 1n);
    default:
      return [];
  }
}

function parsePcap(
  bytes: Uint8Array,
  view: DataView,
  little: boolean,
  unitNs: bigint,
): CapturePacket[] {
  const packets: CapturePacket[] = [];
  // The upper bits hold the length of the frame check sequence, not the link type.
  const linkType = view.getUint32(20, little) & 0x0fff_ffff;
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at + 8, little);
    if (length > bytes.length - at - 16) break;
    const seconds = BigInt(view.getUint32(at, little));
    packets.push({
      linkType,
      data: bytes.subarray(at + 16, at + 16 + length),
      timeNs: seconds * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unitNs,
      originalLength: view.getUint32(at + 12, little),
      interfaceName: "",
    });
    at += 16 + length;
  }
  return packets;
}

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly unitsPerSecond: bigint;
  readonly name: string;
}

function parsePcapng(bytes: Uint8Array, view: DataView): CapturePacket[] {
  const packets: CapturePacket[] = [];
  let interfaces: CaptureInterface[] = [];
  let little = true;
  for (let at = 0; at + 12 <= bytes.length; ) {
    if (view.getUint32(at) === 0x0a0d0d0a) {
      little = view.getUint32(at + 8) !== 0x1a2b3c4d;
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0 || length > bytes.length - at) break;
    const end = at + length - 4;
    if (type === 1) interfaces.push(readInterface(bytes, view, at + 8, end, little));
    else if (type === 2 || type === 3 || type === 6) {
      const packet = readPacketBlock(bytes, view, type, at + 8, end, little, interfaces);
      if (packet === undefined) break;
      packets.push(packet);
    }
    at += length;
  }
  return packets;
}

function readInterface(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  little: boolean,
): CaptureInterface {
  let unitsPerSecond = 1_000_000n;
  let name = "";
  for (let option = at + 8; option + 4 <= end; ) {
    const code = view.getUint16(option, little);
    const length = view.getUint16(option + 2, little);
    if (code === 0) break;
    if (code === 2)
      name = new TextDecoder().decode(bytes.subarray(option + 4, option + 4 + length));
    if (code === 9 && length === 1) {
      const resolution = view.getUint8(option + 4);
      unitsPerSecond =
        resolution < 0x80 ? 10n ** BigInt(resolution) : 1n << BigInt(resolution & 0x7f);
    }
    option += 4 + ((length + 3) & ~3);
  }
  return {
    linkType: view.getUint16(at, little),
    snapLength: view.getUint32(at + 4, little),
    unitsPerSecond,
    name,
  };
}

function readPacketBlock(
  bytes: Uint8Array,
  view: DataView,
  type: number,
  at: number,
  end: number,
  little: boolean,
  interfaces: readonly CaptureInterface[],
): CapturePacket | undefined {
  const simple = type === 3;
  const number = simple ? 0 : type === 2 ? view.getUint16(at, little) : view.getUint32(at, little);
  const source = interfaces[number];
  const dataStart = simple ? at + 4 : at + 20;
  if (source === undefined || dataStart > end) return undefined;
  const originalLength = view.getUint32(simple ? at : at + 16, little);
  const length = simple
    ? Math.min(originalLength, source.snapLength || originalLength, end - dataStart)
    : view.getUint32(at + 12, little);
  if (length > end - dataStart) return undefined;
  const units = simple
    ? 0n
    : (BigInt(view.getUint32(at + 4, little)) << 32n) | BigInt(view.getUint32(at + 8, little));
  return {
    linkType: source.linkType,
    data: bytes.subarray(dataStart, dataStart + length),
    timeNs: (units * 1_000_000_000n) / source.unitsPerSecond,
    originalLength,
    interfaceName: source.name,
  };
}
