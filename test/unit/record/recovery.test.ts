import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pcapFileHeader } from "../../../src/capture-format/pcap-layout.ts";
import { limits } from "../../../src/config/limits.ts";
import { parseCapture, readCapture } from "../../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("recovery");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Records packets whose times are `times`; returns what was logged. */
async function record(path: string, times: readonly number[], linkType = 1): Promise<string[]> {
  const node = await recordInProcess(recorderConfig(path));
  node.fillers[0]?.announce(0, "hunter", "eth0", linkType);
  for (const time of times) {
    const bytes = Buffer.alloc(10 + (time % 50), time);
    node.fillers[0]?.packet({ interface: 0, time: BigInt(time), bytes });
  }
  await node.finish();
  return node.logged.map(({ event }) => event);
}

const timesIn = (path: string): number[] =>
  readCapture(path).packets.map(({ time }) => Number(time));
const forget = (path: string): void =>
  unlinkSync(path.replace(/[^/]*$/, (name) => `.${name}.weir`));

for (const extension of ["pcapng", "pcap"]) {
  test(`${extension}: cut at any byte, the whole records stay and new ones follow`, async () => {
    const path = join(directory, `cut.${extension}`);
    await record(path, [1, 2, 3]);
    const whole = readFileSync(path);
    const copy = join(directory, `cut-copy.${extension}`);
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(copy, whole.subarray(0, size));
      await record(copy, [9]);
      const kept = wholePackets(whole.subarray(0, size));
      const times = timesIn(copy);
      const headerTorn = kept === -1;
      expect([size, ...times]).toEqual([size, ...[1, 2, 3].slice(0, Math.max(0, kept)), 9]);
      const aside = readdirSync(directory).filter((name) => /cut-copy\.\d{8}T/.test(name));
      expect(aside.length).toBe(headerTorn && size > 0 ? 1 : 0);
      for (const name of aside) unlinkSync(join(directory, name));
      forget(copy);
    }
  });

  test(`${extension}: zeros at the end are torn off`, async () => {
    const path = join(directory, `zero.${extension}`);
    await record(path, [1, 2, 3]);
    forget(path);
    appendFileSync(path, Buffer.alloc(100_000));
    expect(await record(path, [4])).toContain("record-file-continued");
    expect(timesIn(path)).toEqual([1, 2, 3, 4]);
  });

  test(`${extension}: a few damaged bytes cost no packet, wherever they are`, async () => {
    const path = join(directory, `damage.${extension}`);
    await record(path, [1, 2, 3, 4, 5, 6]);
    const whole = readFileSync(path);
    const cases = damages(whole, extension);
    for (const [name, content] of cases) {
      writeFileSync(path, content);
      forget(path);
      expect([name, ...(await record(path, [7]))]).toContain("record-file-set-aside");
      expect(timesIn(path)).toEqual([7]);
      const aside = readdirSync(directory).find((file) => /^damage\.\d{8}T\d{6}Z\.pcap/.test(file));
      expect(readFileSync(join(directory, aside ?? "")).equals(content)).toBe(true);
      unlinkSync(join(directory, aside ?? ""));
    }
    unlinkSync(path);
    forget(path);
  });

  test(`${extension}: the side file spares the scan of what is good`, async () => {
    const path = join(directory, `side.${extension}`);
    await record(path, [1, 2, 3]);
    // A long hole that no scan without the side file would get over.
    truncateSync(path, statSync(path).size + limits.recoveryScanBytesMax + 1);
    truncateSync(path, limits.recoveryScanBytesMax + 4096);
    expect(await record(path, [4])).toContain("record-file-set-aside");
    expect(timesIn(path)).toEqual([4]);
    for (const name of readdirSync(directory)) {
      if (name.startsWith("side.2")) unlinkSync(join(directory, name));
    }
    // With it only what came after is looked at: damage before the offset is not seen.
    const damaged = readFileSync(path);
    damaged.fill(0xee, damaged.length - 20, damaged.length - 16);
    writeFileSync(path, damaged);
    expect(await record(path, [5])).toContain("record-file-continued");
    expect(readFileSync(path).subarray(0, damaged.length)).toEqual(damaged);
  });

  test(`${extension}: another file under the same name is not judged by the old side file`, async () => {
    const path = join(directory, `swap.${extension}`);
    const long = join(directory, `swap-long.${extension}`);
    await record(path, [1, 2, 3]);
    await record(long, [11, 12, 13, 14, 15, 16]);
    rmSync(path);
    copyFileSync(long, path);
    await record(path, [17]);
    expect(timesIn(path)).toEqual([11, 12, 13, 14, 15, 16, 17]);
  });
}

/** The file with its second packet damaged, and its last, and with others' bytes at its end. */
function damages(whole: Buffer, extension: string): [string, Buffer][] {
  const starts: number[] = [];
  const isBlock = extension === "pcapng";
  for (let at = isBlock ? 0 : 24; at < whole.length; ) {
    if (!isBlock || whole.readUInt32LE(at) === 6) starts.push(at);
    at += isBlock ? whole.readUInt32LE(at + 4) : 16 + whole.readUInt32LE(at + 8);
  }
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(whole);
    copy.writeUInt32LE(value, at);
    return copy;
  };
  const all: [string, Buffer][] = [
    ["random bytes at the end", Buffer.concat([whole, Buffer.alloc(900, 0xab)])],
    ["many random bytes at the end", Buffer.concat([whole, Buffer.alloc(300_000, 0xab)])],
  ];
  for (const at of [starts[1] ?? 0, starts.at(-1) ?? 0]) {
    const captured = at + (isBlock ? 20 : 8);
    const length = whole.readUInt32LE(captured);
    const more: [string, Buffer][] = isBlock
      ? [
          ["length beyond the end", changed(at + 4, 100_000)],
          ["length within", changed(at + 4, 36)],
          ["length of nothing", changed(at + 4, 0)],
          ["trailing length", changed(at + whole.readUInt32LE(at + 4) - 4, 999)],
          ["captured length within the block", changed(captured, length - 8)],
        ]
      : [["nanoseconds", changed(at + 4, 0xffff_ffff)]];
    more.push(["captured length beyond the end", changed(captured, 100_000)]);
    for (const [name, content] of more) all.push([`${name} of the packet at ${at}`, content]);
  }
  return all;
}

/** Packets that are whole in a beginning of a file; -1 when its header is not. */
function wholePackets(part: Buffer): number {
  for (let size = part.length; size > 0; size--) {
    try {
      return parseCapture(part.subarray(0, size)).packets.length;
    } catch {
      // One byte less.
    }
  }
  return -1;
}

test("classic pcap of another kind is moved aside", async () => {
  const headers: [string, Buffer][] = [];
  for (const [name, offset, value] of [
    ["microseconds", 0, 0xa1b2_c3d4],
    ["big-endian", 0, 0x4d3c_b2a1],
    ["version", 4, 0x0003_0002],
    ["snap-length", 16, 1500],
    ["frame-check", 20, 0x1400_0001],
  ] as const) {
    const header = pcapFileHeader(1);
    header.writeUInt32LE(value, offset);
    headers.push([name, header]);
  }
  for (const [name, header] of headers) {
    const path = join(directory, `kind-${name}.pcap`);
    writeFileSync(path, header);
    expect(await record(path, [1])).toContain("record-file-set-aside");
    expect(timesIn(path)).toEqual([1]);
  }
});

test("classic pcap of another link type goes on with its own", async () => {
  const path = join(directory, "type.pcap");
  await record(path, [1], 113);
  await record(path, [2], 1);
  expect(readCapture(path).packets.map(({ linkType }) => linkType)).toEqual([113]);
  const beside = readCapture(join(directory, "type.ethernet.pcap"));
  expect(beside.packets.map(({ linkType, time }) => [linkType, time])).toEqual([[1, 2n]]);
});

test("a file beside it with a wrong link type in it is moved aside", async () => {
  const beside = join(directory, "wrong.linux-sll.pcap");
  writeFileSync(beside, pcapFileHeader(1));
  await record(join(directory, "wrong.pcap"), [1], 1);
  expect(await record(join(directory, "wrong.pcap"), [2], 113)).toContain("record-file-set-aside");
  expect(readCapture(beside).packets.map(({ linkType }) => linkType)).toEqual([113]);
});

test("a big-endian pcapng is continued by a section of ours", async () => {
  const path = join(directory, "big.pcapng");
  const section = Buffer.alloc(28);
  section.writeUInt32BE(0x0a0d_0d0a, 0);
  section.writeUInt32BE(28, 4);
  section.writeUInt32BE(0x1a2b_3c4d, 8);
  section.writeUInt16BE(1, 12);
  section.fill(0xff, 16, 24);
  section.writeUInt32BE(28, 24);
  writeFileSync(path, section);
  expect(await record(path, [1])).toContain("record-file-continued");
  const file = readFileSync(path);
  expect(file.subarray(0, 28)).toEqual(section);
  expect(parseCapture(file.subarray(28)).packets.length).toBe(1);
});

test("something else under the name is moved aside, in one line", async () => {
  const path = join(directory, "notes.pcapng");
  writeFileSync(path, "buy milk\n");
  const events = await record(path, [1]);
  expect(events.filter((event) => event === "record-file-set-aside").length).toBe(1);
  const aside = readdirSync(directory).find((name) => /^notes\.\d{8}T/.test(name));
  expect(readFileSync(join(directory, aside ?? ""), "utf8")).toBe("buy milk\n");
});

test("with rotation the last file is repaired and a new one begins", async () => {
  const series = temporaryDirectory("recovery-series");
  const path = join(series, "x.pcapng");
  const config = recorderConfig(path, { rotateSizeBytes: 1_000_000 });
  for (let run = 0; run < 3; run++) {
    const node = await recordInProcess(config);
    node.fillers[0]?.announce(0, "hunter", "eth0", 1);
    node.fillers[0]?.packet({ interface: 0, time: BigInt(run), bytes: Buffer.alloc(9) });
    await node.finish();
    const last = readdirSync(series).toSorted().at(-1) ?? "";
    if (run === 0) appendFileSync(join(series, last), Buffer.from("torn"));
    if (run === 1) writeFileSync(join(series, "x_00009_20260102T030405Z.pcapng"), "");
  }
  const files = readdirSync(series)
    .filter((name) => name.startsWith("x_"))
    .toSorted();
  expect(files.flatMap((name) => timesIn(join(series, name)))).toEqual([0, 1, 2]);
  // The number of the empty one was given again.
  expect(files.map((name) => name.slice(0, 7))).toEqual(["x_00001", "x_00002", "x_00009"]);
  rmSync(series, { recursive: true });
});
