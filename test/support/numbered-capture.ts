/** Reads captures of numbered packets back, and checks each packet on the way. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { numberedPacket, readMark } from "./numbered-packets.ts";
import { type ReadPacket, readCapture } from "./read-capture.ts";

/** Names that a numbered hunter goes by in behaviour tests. */
export function hunterName(hunter: number): string {
  return `hunter-${hunter}`;
}

/** Two hunters share each name, so that only the hunter tells their interfaces apart. */
export function interfaceOf(hunter: number): string {
  return `eth${hunter >>> 1}`;
}

/** Packet numbers of each hunter in the order of the files. */
export type NumbersByHunter = Map<number, number[]>;

/**
 * Reads whole files, strictly. Throws unless every packet has exactly the bytes and the time that
 * its number stands for, and in pcapng its own hunter and interface.
 */
export function readNumbers(paths: readonly string[], into: NumbersByHunter = new Map()) {
  for (const path of paths) {
    const { format, packets } = readCapture(path);
    for (const packet of packets) addPacket(into, packet, format === "pcapng", path);
  }
  return into;
}

function addPacket(into: NumbersByHunter, packet: ReadPacket, owned: boolean, path: string): void {
  const { hunter, number } = readMark(packet.bytes);
  const what = `packet ${number} of hunter ${hunter} in ${path}`;
  if (!packet.bytes.equals(numberedPacket(hunter, number, packet.bytes.length))) {
    throw new Error(`${what} is not as it was sent`);
  }
  if (packet.time !== 1_700_000_000_000_000_000n + BigInt(number) * 1000n) {
    throw new Error(`${what} has another time: ${packet.time}`);
  }
  const own = packet.hunter === hunterName(hunter) && packet.interface === interfaceOf(hunter);
  if (owned && !own) {
    throw new Error(`${what} is under interface ${packet.interface} of ${packet.hunter}`);
  }
  const numbers = into.get(hunter);
  if (numbers === undefined) into.set(hunter, [number]);
  else numbers.push(number);
}

/** Throws unless `numbers` counts up by one from `from` on; returns the number after the last. */
export function expectRun(numbers: readonly number[], from: number, what: string): number {
  numbers.forEach((number, index) => {
    if (number !== from + index) {
      throw new Error(`${what}: packet ${number} stands where ${from + index} should`);
    }
  });
  return from + numbers.length;
}

/** Capture files of a directory by name, without side files. */
export function capturesIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  return names.sort().map((name) => join(directory, name));
}
