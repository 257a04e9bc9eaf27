/** Classic pcap: the files of further link types, which are opened while the node runs. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { pcapFileHeader } from "../../../src/capture-format/pcap-layout.ts";
import { limits } from "../../../src/config/limits.ts";
import type { RecorderConfig } from "../../../src/record/recorder-config.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  type InProcessRecorder,
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
  until,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const root = temporaryDirectory("links");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const empty = (name: string): string => {
  mkdirSync(join(root, name));
  return join(root, name);
};
const visible = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => !name.startsWith("."))
    .toSorted();
const timesIn = (path: string): number[] =>
  readCapture(path).packets.map(({ time }) => Number(time));

/** A node on `directory/name.pcap` with an Ethernet and a cooked interface. */
async function start(
  directory: string,
  more: Partial<RecorderConfig> = {},
  clock: Clock = systemClock,
): Promise<InProcessRecorder> {
  const node = await recordInProcess(recorderConfig(join(directory, "x.pcap"), more), { clock });
  node.fillers[0]?.announce(0, "hunter", "eth0", 1);
  node.fillers[0]?.announce(1, "hunter", "any", 113);
  return node;
}

async function send(node: InProcessRecorder, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    node.fillers[0]?.packet({ interface: index % 2, time: BigInt(index), bytes: Buffer.alloc(40) });
  }
  await node.settle();
}

const warnings = (node: InProcessRecorder): string[] =>
  node.logged.filter(({ level }) => level === "warn").map(({ message }) => message);
const stalls = (node: InProcessRecorder): number =>
  node.logged.filter(({ event }) => event === "record-stalled").length;

for (const [name, prepare, reason] of [
  [
    "another node has by its own name",
    async (path: string) => {
      const other = await recordInProcess(recorderConfig(path));
      return async () => void (await other.finish());
    },
    `is being written by another node (process ${process.pid})`,
  ],
  [
    "another node has by a hard link",
    async (path: string) => {
      const linked = `${path}.other.pcap`;
      writeFileSync(linked, pcapFileHeader(113));
      linkSync(linked, path);
      const other = await recordInProcess(recorderConfig(linked));
      return async () => {
        await other.finish();
        rmSync(linked);
        rmSync(linked.replace(/[^/]*$/, (name) => `.${name}.weir`));
      };
    },
    "is being written by another process",
  ],
  [
    "is a directory",
    (path: string) => {
      mkdirSync(path);
      return Promise.resolve(() => Promise.resolve());
    },
    "EISDIR",
  ],
  [
    "is a link that leads nowhere",
    (path: string) => {
      symlinkSync("nowhere", path);
      return Promise.resolve(() => Promise.resolve());
    },
    "has been replaced since the start",
  ],
] as const) {
  test(`a file beside the first that ${name} is left, for a numbered one`, async () => {
    const directory = empty(name);
    const beside = join(directory, "x.linux-sll.pcap");
    const release = await prepare(beside);
    // A clock that runs: what is due at some time comes due.
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => (nowMs += 100) };
    const node = await start(directory, {}, clock);
    await send(node, 0, 10);
    await send(node, 10, 20);
    await node.finish();
    await release();
    expect(stalls(node)).toBe(0);
    const numbered = visible(directory).find((file) => /^x\.linux-sll_00001_\d{8}T/.test(file));
    const path = join(directory, numbered ?? "");
    expect(timesIn(path)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    expect(timesIn(join(directory, "x.pcap"))).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    const told = warnings(node);
    expect(told.length).toBe(1);
    expect(told[0]).toContain(reason);
    expect(told[0]).toContain(beside);
    expect(told[0]).toEndWith(`recording to ${path}`);
  });
}

test("with rotation another node's files are neither taken nor deleted", async () => {
  const directory = empty("rotation");
  const more = { rotateSizeBytes: 4096, rotateFiles: 2 };
  const other = await recordInProcess(recorderConfig(join(directory, "x.linux-sll.pcap"), more));
  other.fillers[0]?.announce(0, "hunter", "any", 113);
  other.fillers[0]?.packet({ interface: 0, time: 1n, bytes: Buffer.alloc(4) });
  await other.settle();
  const [theirs = ""] = visible(directory);
  const before = readFileSync(join(directory, theirs));
  const node = await start(directory, more);
  for (let round = 0; round < 10; round++) await send(node, round * 100, round * 100 + 100);
  await node.finish();
  expect(readFileSync(join(directory, theirs)).equals(before)).toBe(true);
  expect(stalls(node)).toBe(0);
  const ours = visible(directory).filter((file) => file.startsWith("x.linux-sll_"));
  expect(ours.length).toBe(3);
  await other.finish();
});

/** What this process has open in a directory. */
function openIn(directory: string): number {
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)) count++;
    } catch {
      // The one that read the directory.
    }
  }
  return count;
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index);

test.skipIf(process.platform !== "linux")(
  "locks are given up with the files of idle link types",
  async () => {
    const directory = empty("descriptors");
    const node = await recordInProcess(recorderConfig(join(directory, "x.pcap")));
    const types = 2 * limits.captureFilesOpenMax;
    for (const number of numbers(types)) {
      node.fillers[0]?.announce(number, "h", "if", 1000 + number);
      node.fillers[0]?.packet({ interface: number, time: 1n, bytes: Buffer.alloc(4) });
      await node.settle();
      // A file, the descriptor that its sink writes to (closed a little later), and the lock.
      await until(() => openIn(directory) <= 3 * limits.captureFilesOpenMax + 1, "closed files");
    }
    expect(openIn(directory)).toBeGreaterThan(limits.captureFilesOpenMax);
    for (const number of numbers(types)) {
      node.fillers[0]?.packet({ interface: number, time: 2n, bytes: Buffer.alloc(4) });
    }
    await node.finish();
    await until(() => openIn(directory) === 0, "the last of them");
    const files = visible(directory);
    expect(files.length).toBe(types);
    for (const file of files) expect(timesIn(join(directory, file))).toEqual([1, 2]);
  },
);

const support = join(import.meta.dir, "../../support/record-in-process.ts");

test.skipIf(process.platform !== "linux")(
  "a process that may open fewer files than there are link types records all the same",
  () => {
    const directory = empty("emfile");
    const script = `
      import { recordInProcess, recorderConfig } from ${JSON.stringify(support)};
      const path = ${JSON.stringify(join(directory, "x.pcap"))};
      const node = await recordInProcess(recorderConfig(path));
      const [filler] = node.fillers;
      for (let number = 0; number < 40; number++) filler.announce(number, "h", "if", 1000 + number);
      for (let round = 1; round <= 2; round++) {
        for (let number = 0; number < 40; number++) {
          filler.packet({ interface: number, time: BigInt(round), bytes: Buffer.alloc(4) });
        }
        await node.settle();
      }
      await node.finish();
      const stalled = node.logged.filter(({ event }) => event !== "record-file-opened");
      console.log(JSON.stringify(stalled));
      process.exit(0);`;
    const { stdout, stderr, exitCode } = Bun.spawnSync([
      "sh",
      "-c",
      'ulimit -n 60 && exec "$0" -e "$1"',
      process.execPath,
      script,
    ]);
    expect([exitCode, stderr.toString(), stdout.toString()]).toEqual([0, "", "[]\n"]);
    const files = visible(directory);
    expect(files.length).toBe(40);
    for (const file of files) expect(timesIn(join(directory, file))).toEqual([1, 2]);
  },
);
