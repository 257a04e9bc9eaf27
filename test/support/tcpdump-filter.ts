/** Filters packets with tcpdump, to compare. */
import { writeFileSync } from "node:fs";
import { parseCapture } from "./captures.ts";

export interface FilteredPacket {
  readonly data: Uint8Array;
  readonly originalLength: number;
}

/** What tcpdump makes of an expression: numbers of the packets that match, or why it refuses. */
export type Verdict = { readonly matching: readonly number[] } | { readonly refusal: string };

/** Writes packets with their number as the time of capture, so that a filtered file tells it. */
export function writeNumbered(
  path: string,
  linkType: number,
  packets: readonly FilteredPacket[],
): void {
  const parts: Buffer[] = [words(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, linkType)];
  for (const [number, { data, originalLength }] of packets.entries()) {
    parts.push(words(number, 0, data.length, originalLength), Buffer.from(data));
  }
  writeFileSync(path, Buffer.concat(parts));
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeUInt32LE(value, index * 4);
  return buffer;
}

/** Runs `tcpdump -r path expression`; without the optimizer where `isPlain`. */
export async function filterByTcpdump(
  path: string,
  expression: string,
  isPlain = false,
): Promise<Verdict> {
  const options = isPlain ? ["-O"] : [];
  const tcpdump = Bun.spawn(["tcpdump", ...options, "-r", path, "-w", "-", "--", expression], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [file, errors] = await Promise.all([tcpdump.stdout.bytes(), tcpdump.stderr.text()]);
  if ((await tcpdump.exited) === 0) {
    const packets = parseCapture(file);
    return { matching: packets.map(({ timeNs }) => Number(timeNs / 1_000_000_000n)) };
  }
  const refusal = errors.match(/^tcpdump: (.*)$/m)?.[1] ?? errors;
  // It refuses what can match nothing, which is no fault of the language.
  return refusal.includes("rejects all packets") ? { matching: [] } : { refusal };
}
