/**
 * What a node makes of a capture file that is there when it starts: torn tails are cut and the file
 * is continued; what it cannot continue is renamed, in one line; nothing whole is ever lost.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseCapture as parseEitherOrder } from "../support/captures.ts";
import {
  foreignCaptures,
  littlePcapng,
  nanosecondPcap,
  packetBlock,
  pcapRecord,
  swappedPcapng,
} from "../support/foreign-captures.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import {
  capturesIn,
  expectRun,
  hunterName,
  interfaceOf,
  readNumbers,
} from "../support/numbered-capture.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { parseCapture, readCapture } from "../support/read-capture.ts";
import { runSize, sampled } from "../support/run-size.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type LogLine,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import {
  countByCapinfos,
  expectOwnersInTshark,
  hasTshark,
  tsharkFields,
} from "../support/wireshark.ts";

const packets = 20;
const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Starts a node on the file, has one hunter send packets from `first` on, and stops it. */
async function record(path: string, first: number, flags: readonly string[]): Promise<LogLine[]> {
  const node = await startProcessor([...flags, "--write-file", path]);
  const hunter = new MockHunter(node.address);
  const names = { hunterId: hunterName(1), hunter: 1, interfaceName: interfaceOf(1) };
  hunter.send(numberedBatch({ ...names, first, packets, sequence: 1 }));
  await hunter.waitAcks(1);
  hunter.close();
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
  expect(node.text).toBe("");
  return node.lines;
}

const eventsOf = (lines: readonly LogLine[], event: string): LogLine[] =>
  lines.filter((line) => line.event === event);

/** Where whole records end, the file header first. */
function recordEnds(file: Buffer, extension: string): number[] {
  const ends = extension === "pcap" ? [24] : [];
  for (let at = extension === "pcap" ? 24 : 0; at < file.length; ) {
    at += extension === "pcap" ? 16 + file.readUInt32LE(at + 8) : file.readUInt32LE(at + 4);
    ends.push(at);
  }
  return ends;
}

/** Another capture whose records end elsewhere: an odd packet first, then all of them twice. */
function writtenOver(whole: Buffer, extension: string): Buffer {
  const ends = recordEnds(whole, extension);
  const headerEnd = ends[ends.length - 1 - packets];
  const records = whole.subarray(headerEnd);
  const odd = extension === "pcap" ? pcapRecord(Buffer.alloc(77, 1)) : packetBlock(77);
  return Buffer.concat([whole.subarray(0, headerEnd), odd, records, records]);
}

type SideText = { offset: number; identity: string };

function spoilSideFile(path: string, kind: string): void {
  const side = join(dirname(path), `.${basename(path)}.weir`);
  const text = readFileSync(side, "utf8");
  const state = JSON.parse(text) as SideText;
  const middle = state.offset - 50;
  const ends = recordEnds(readFileSync(path), path.endsWith(".pcap") ? "pcap" : "pcapng");
  const changes: Record<string, Partial<SideText>> = {
    stale: { offset: ends[5] ?? 0 },
    lying: { offset: middle },
    "beyond the end": { offset: state.offset + 4096 },
    "of another file": { offset: middle, identity: `${state.identity}0` },
  };
  const change = changes[kind];
  if (kind === "absent") rmSync(side);
  else if (change === undefined) writeFileSync(side, "}{ nothing");
  else writeFileSync(side, `${JSON.stringify({ ...state, ...change })}\n`);
}

/** A torn file: what stands after the last whole record, by name. */
function tails(extension: string, record: Buffer): [string, Buffer][] {
  const cut = (length: number): Buffer => record.subarray(0, length);
  const zeroFrom = (from: number): Buffer => Buffer.concat([cut(from), Buffer.alloc(5000)]);
  const half: [string, Buffer][] = [
    ["1 byte of a header", cut(1)],
    ["half a header", cut(extension === "pcap" ? 9 : 6)],
    ["a header alone", cut(extension === "pcap" ? 16 : 28)],
    ["half a body", cut(record.length >>> 1)],
    ["all but the last byte", cut(record.length - 1)],
    ["zeros", zeroFrom(0)],
    ["a header and zeros", zeroFrom(extension === "pcap" ? 12 : 8)],
  ];
  if (extension === "pcap") return half;
  return [...half, ["a body without its trailing length", cut(record.length - 4)]];
}

/** What a tear does not leave behind, so that whole packets may stand after it. */
function damages(extension: string, record: Buffer): [string, Buffer][] {
  const random = Buffer.alloc(900, 0xa7);
  const all: [string, Buffer][] = [["random bytes", Buffer.concat([random, record])]];
  if (extension === "pcap") return all;
  const trailer = Buffer.from(record);
  trailer.writeUInt32LE(record.length + 4, record.length - 4);
  const captured = Buffer.from(record);
  captured.writeUInt32LE(record.length, 20);
  return [
    ...all,
    ["half a body, then random bytes", Buffer.concat([record.subarray(0, 60), random])],
    ["a trailing length that disagrees", trailer],
    ["a packet that is longer than its block", Buffer.concat([captured, record])],
  ];
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  const flags = ["--workers", String(workers)];

  describe.each(sampled("second file formats", ["pcapng", "pcap"]))("%s", (extension) => {
    const directory = join(root, `${workers}-${extension}`);
    const original = join(directory, `original.${extension}`);
    let whole: Buffer;
    let lastRecord: Buffer;

    beforeAll(async () => {
      mkdirSync(directory);
      await record(original, 0, flags);
      whole = readFileSync(original);
      const ends = recordEnds(whole, extension);
      lastRecord = whole.subarray(ends.at(-2), ends.at(-1));
    });

    /** The file holds 0 up to `second`, and nothing else is beside it. */
    function expectContinued(path: string): void {
      const numbers = readNumbers([path]).get(1) ?? [];
      expect(expectRun(numbers, 0, basename(path))).toBe(2 * packets);
      if (hasTshark) expect(countByCapinfos(path)).toBe(2 * packets);
      if (extension === "pcap") return;
      const file = readCapture(path);
      expect(file.sections).toBe(1);
      if (hasTshark) expectOwnersInTshark(path, file.packets);
    }

    test("torn tails are cut, and the file is continued", async () => {
      const all = tails(extension, lastRecord);
      for (const [name, tail] of all.slice(0, runSize("torn tails", 4, all.length))) {
        const path = join(directory, `${name.replaceAll(" ", "-")}.${extension}`);
        writeFileSync(path, Buffer.concat([whole, tail]));
        const lines = await record(path, packets, flags);
        const continued = eventsOf(lines, "record-file-continued");
        expect([name, continued.map((line) => line["tornBytes"])]).toEqual([name, [tail.length]]);
        expect(readFileSync(path).subarray(0, whole.length).equals(whole)).toBe(true);
        expectContinued(path);
      }
    });

    test("a damaged file is renamed whole", async () => {
      for (const [, damage] of damages(extension, lastRecord)) {
        const path = join(emptyDirectory(), `x.${extension}`);
        const content = Buffer.concat([whole, damage]);
        writeFileSync(path, content);
        await expectSetAside(path, content);
      }
    });

    test("a file that was closed in good order is continued", async () => {
      const path = join(directory, `twice.${extension}`);
      await record(path, 0, flags);
      const lines = await record(path, packets, flags);
      expect(eventsOf(lines, "record-file-continued").map((line) => line["tornBytes"])).toEqual([
        0,
      ]);
      expectContinued(path);
    });

    test("a file without a whole header is renamed, an empty one is used", async () => {
      const directoryOf = emptyDirectory();
      const path = join(directoryOf, `x.${extension}`);
      writeFileSync(path, "");
      await record(path, 0, flags);
      expect(capturesIn(directoryOf)).toEqual([path]);
      writeFileSync(path, whole.subarray(0, 11));
      await expectSetAside(path, whole.subarray(0, 11));
    });

    test.each(foreignCaptures(extension))("%s is renamed", async (_name, content) => {
      const path = join(emptyDirectory(), `x.${extension}`);
      writeFileSync(path, content);
      await expectSetAside(path, content);
    });

    test.each(["absent", "stale", "lying", "beyond the end", "garbled", "of another file"])(
      "a side file that is %s costs no packet",
      async (kind) => {
        const path = join(emptyDirectory(), `x.${extension}`);
        await record(path, 0, flags);
        spoilSideFile(path, kind);
        const lines = await record(path, packets, flags);
        expect(eventsOf(lines, "record-file-continued").length).toBe(1);
        expectContinued(path);
      },
    );

    test("a file that was written over in place is not cut where the old one ended", async () => {
      const path = join(emptyDirectory(), `x.${extension}`);
      await record(path, 0, flags);
      // The same inode, and more than the side file knows of.
      writeFileSync(path, writtenOver(whole, extension));
      const lines = await record(path, packets, flags);
      expect(eventsOf(lines, "record-file-continued").map((line) => line["tornBytes"])).toEqual([
        0,
      ]);
      expect(readCapture(path).packets.length).toBe(3 * packets + 1);
    });

    const emptyDirectory = (): string => mkdtempSync(join(directory, "d-"));

    /** The old file stands beside the new one, byte for byte, and one line names both. */
    async function expectSetAside(path: string, content: Uint8Array): Promise<void> {
      const lines = await record(path, 0, flags);
      const said = eventsOf(lines, "record-file-set-aside");
      expect(said.length).toBe(1);
      const aside = String(said[0]?.["aside"]);
      expect(said[0]?.message).toContain(aside);
      expect(basename(aside)).toMatch(/^x\.\d{8}T\d{6}Z\.(pcap|pcapng)$/);
      expect(readFileSync(aside).equals(content)).toBe(true);
      expect(capturesIn(dirname(path))).toEqual([aside, path].sort());
      expect(expectRun(readNumbers([path]).get(1) ?? [], 0, path)).toBe(packets);
    }
  });

  test.each([
    ["the other byte order", swappedPcapng(3), 3],
    ["a stated section length", littlePcapng(true), 1],
  ])("a pcapng of %s is continued by a section of ours", async (_name, content, before) => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
    writeFileSync(path, Buffer.concat([content, content.subarray(0, 12)]));
    for (const first of [0, packets]) {
      const lines = await record(path, first, flags);
      const torn = eventsOf(lines, "record-file-continued").map((line) => line["tornBytes"]);
      expect(torn).toEqual([first === 0 ? 12 : 0]);
      const file = readFileSync(path);
      expect(file.subarray(0, content.length).equals(content)).toBe(true);
      expect(parseEitherOrder(file).length).toBe(before + first + packets);
      // And that section is gone on with by the next start.
      const own = parseCapture(file.subarray(content.length));
      expect([own.sections, own.packets.length]).toEqual([1, first + packets]);
      if (hasTshark) expect(countByCapinfos(path)).toBe(before + first + packets);
    }
  });

  test("a pcapng of another program that goes on as ours do is gone on with", async () => {
    const path = join(root, `${workers}-little.pcapng`);
    const content = littlePcapng();
    writeFileSync(path, content);
    await record(path, 0, flags);
    const file = readFileSync(path);
    expect(file.subarray(0, content.length).equals(content)).toBe(true);
    // The next block describes an interface, and the packets after it are of that one.
    expect(file.readUInt32LE(content.length)).toBe(1);
    const own = parseEitherOrder(file).slice(1);
    expect(own.map(({ interfaceName }) => interfaceName)).toEqual(
      Array.from({ length: packets }, () => interfaceOf(1)),
    );
    if (hasTshark) {
      const rows = tsharkFields(path, ["frame.section_number", "frame.interface_name"]);
      expect(rows.slice(1)).toEqual(Array.from({ length: packets }, () => ["1", interfaceOf(1)]));
    }
  });

  test("a pcap of another link type keeps it; what differs goes to a file beside it", async () => {
    const path = join(root, `${workers}-raw.pcap`);
    const content = nanosecondPcap(101, [Buffer.alloc(20, 0x45)]);
    writeFileSync(path, content);
    await record(path, 0, flags);
    expect(readFileSync(path).equals(content)).toBe(true);
    const beside = path.replace(".pcap", ".ethernet.pcap");
    expect(expectRun(readNumbers([beside]).get(1) ?? [], 0, beside)).toBe(packets);
  });
});
