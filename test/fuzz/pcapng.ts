/**
 * The recorder's files: random packets of random interfaces through the rings to pcapng and pcap,
 * read back equal by a strict reader (and by tshark now and then, where it is installed); then cut
 * or spoilt at a random place, continued, and read back again.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CaptureFormat } from "../../src/record/recorder-config.ts";
import { parseCapture, type ReadPacket, readCapture } from "../support/read-capture.ts";
import {
  type InProcessRecorder,
  recorderConfig,
  recordInProcess,
} from "../support/record-in-process.ts";
import { hasTshark, tsharkFields } from "../support/wireshark.ts";
import { check, type Fuzzer, FuzzFailure, Random } from "./fuzzer.ts";

const linkTypes = [0, 1, 1, 1, 101, 113, 127, 276, 4711, 65_535];
const unknownToTshark = new Set([4711, 65_535]);
const names = [
  "eth0",
  "wlan0",
  "",
  "Ethernet 2",
  "überlängen-schnittstelle",
  "日本",
  "a".repeat(256),
];
const tsharkEvery = 200;

/** Packets by their time, which is a running number. */
type Laid = Map<number, ReadPacket>;

export const pcapngFuzzer: Fuzzer = {
  name: "pcapng",
  async run(seed, rounds) {
    for (let index = 0; index < rounds; index++) {
      const roundSeed = (seed + index) >>> 0;
      const directory = mkdtempSync(join(tmpdir(), "weir-fuzz-"));
      try {
        await round(new Random(roundSeed), directory, roundSeed % tsharkEvery === 0);
      } catch (cause) {
        throw new FuzzFailure("pcapng", roundSeed, firstFile(directory), cause);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
  },
};

async function round(random: Random, directory: string, useTshark: boolean): Promise<void> {
  const format: CaptureFormat = random.isChance(60) ? "pcapng" : "pcap";
  const path = join(directory, `x.${format}`);
  const rotateSizeBytes = random.isChance(30) ? random.between(200, 20_000) : 0;
  const ack = random.isChance(50) ? "written" : "synced";
  const config = recorderConfig(path, { ack, rotateSizeBytes });
  const laid: Laid = new Map();
  const times = random.between(1, 3);
  for (let run = 0; run < times; run++) {
    const node = await recordInProcess(config, {
      shards: random.between(1, 3),
      ringBytes: 1024 * random.pick([64, 256]),
    });
    await fillRings(random, node, laid);
    const summary = await node.finish();
    check(summary.packetsUnwritten === 0, `${summary.packetsUnwritten} packets unwritten`);
    checkFiles(directory, format, laid);
  }
  if (useTshark && hasTshark) checkWithTshark(directory);
  if (rotateSizeBytes > 0) return;
  spoil(random, path, format, laid);
  const node = await recordInProcess(config, { ringBytes: 64 * 1024 });
  await fillRings(random, node, laid);
  await node.finish();
  checkFiles(directory, format, laid);
  if (useTshark && hasTshark) checkWithTshark(directory);
}

async function fillRings(random: Random, node: InProcessRecorder, laid: Laid): Promise<void> {
  for (const [shard, filler] of node.fillers.entries()) {
    let interfaces: Pick<ReadPacket, "hunter" | "interface" | "linkType">[] = [];
    let next = Math.max(0, ...laid.keys()) + 1;
    for (let count = random.below(150); count > 0; count--) {
      if (random.isChance(1)) {
        while (!filler.reset()) await node.settle();
        interfaces = [];
      }
      if (interfaces.length === 0 || random.isChance(3)) {
        const made = {
          hunter: `hunter ${random.below(3)} of ${shard}`,
          interface: random.pick(names),
          linkType: random.pick(linkTypes),
        };
        const number = interfaces.length;
        while (!filler.announce(number, made.hunter, made.interface, made.linkType)) {
          await node.settle();
        }
        interfaces.push(made);
      }
      const number = random.below(interfaces.length);
      const bytes = Buffer.from(random.bytes(random.isChance(5) ? 0 : random.below(300)));
      const originalLength = bytes.length + (random.isChance(20) ? random.below(70_000) : 0);
      const packet = { interface: number, time: BigInt(next), bytes, originalLength };
      while (!filler.packet(packet)) await node.settle();
      const owner = interfaces[number];
      if (owner !== undefined)
        laid.set(next, { ...owner, time: packet.time, originalLength, bytes });
      next++;
      if (random.isChance(2)) filler.statistics(number, next, 1);
      if (random.isChance(10)) filler.publish();
      if (random.isChance(3)) await node.settle();
    }
  }
}

function captures(directory: string): string[] {
  const visible = readdirSync(directory).filter((name) => !name.startsWith("."));
  return visible.toSorted().map((name) => join(directory, name));
}

/** Every packet laid stands in exactly one place, with all that it had. */
function checkFiles(directory: string, format: CaptureFormat, laid: Laid): void {
  const seen = new Set<number>();
  for (const path of captures(directory)) {
    // Set aside because its header was cut: there was no packet in it.
    if (/x\.\d{8}T/.test(path) || /\.\d{8}T\d{6}Z\./.test(path)) continue;
    const { packets, sections } = readCapture(path);
    check(sections === 1, `${path} has ${sections} sections`);
    for (const packet of packets) {
      const time = Number(packet.time);
      const wanted = laid.get(time);
      if (wanted === undefined) throw new Error(`packet ${time} was never laid`);
      check(!seen.has(time), `packet ${time} stands twice`);
      seen.add(time);
      check(packet.bytes.equals(wanted.bytes), `bytes of packet ${time}`);
      check(packet.originalLength === wanted.originalLength, `original length of packet ${time}`);
      check(packet.linkType === wanted.linkType, `link type of packet ${time}`);
      if (format === "pcap") continue;
      check(packet.hunter === wanted.hunter, `hunter of packet ${time}`);
      check(packet.interface === wanted.interface, `interface of packet ${time}`);
    }
  }
  check(seen.size === laid.size, `${laid.size} packets were laid, ${seen.size} are there`);
}

/** Cuts the file, or puts zeros or a torn record at its end; forgets what is lost by that. */
function spoil(random: Random, path: string, format: CaptureFormat, laid: Laid): void {
  const file = readFileSync(path);
  const kind = random.below(3);
  if (kind === 0) {
    const cut = file.subarray(0, random.below(file.length + 1));
    writeFileSync(path, cut);
    const good = wholePart(cut, format);
    const kept = new Set(good.length === 0 ? [] : timesOf(parseCapture(good).packets));
    for (const time of timesOf(parseCapture(file).packets)) if (!kept.has(time)) laid.delete(time);
  } else if (kind === 1) {
    writeFileSync(path, Buffer.concat([file, Buffer.alloc(random.below(5000))]));
  } else {
    const record = file.subarray(file.length - random.below(Math.min(file.length, 200)));
    writeFileSync(path, Buffer.concat([file, record.subarray(0, 11)]));
  }
}

const timesOf = (packets: readonly ReadPacket[]): number[] =>
  packets.map(({ time }) => Number(time));

/** The part of a file of ours that ends with its last whole record. */
function wholePart(file: Buffer, format: CaptureFormat): Buffer {
  const header = format === "pcapng" ? 0 : 24;
  let end = header;
  if (file.length < header) return Buffer.alloc(0);
  for (;;) {
    const lengthAt = format === "pcapng" ? end + 4 : end + 8;
    if (lengthAt + 4 > file.length) break;
    const next = end + file.readUInt32LE(lengthAt) + (format === "pcapng" ? 0 : 16);
    if (next > file.length) break;
    end = next;
  }
  return file.subarray(0, end);
}

function checkWithTshark(directory: string): void {
  for (const path of captures(directory)) {
    if (/\.\d{8}T\d{6}Z\./.test(path)) continue;
    const { format, packets } = readCapture(path);
    // Wireshark opens a pcapng with interfaces of unknown link types, but no such pcap.
    if (format === "pcap" && unknownToTshark.has(packets[0]?.linkType ?? 1)) continue;
    const rows = tsharkFields(path, ["frame.interface_description", "frame.interface_name"]);
    const seen = `tshark sees ${rows.length} of ${packets.length} packets in ${path}`;
    check(rows.length === packets.length, seen);
    if (format === "pcap") continue;
    for (const [index, packet] of packets.entries()) {
      const [hunter, name] = rows[index] ?? [];
      check(hunter === packet.hunter, `tshark sees packet ${packet.time} under ${hunter}`);
      // How other names are printed depends on the locale.
      const plain = /^[ -~]+$/.test(packet.interface);
      check(!plain || name === packet.interface, `tshark sees packet ${packet.time} of ${name}`);
    }
  }
}

function firstFile(directory: string): Uint8Array {
  const [path] = captures(directory);
  return path === undefined ? new Uint8Array(0) : readFileSync(path);
}
