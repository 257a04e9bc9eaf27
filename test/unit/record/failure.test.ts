import { afterAll, afterEach, expect, type Mock, setDefaultTimeout, spyOn, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { boardWord, recorderCounter, recorderState } from "../../../src/pipeline/board.ts";
import { CaptureFile } from "../../../src/record/capture-file.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  type InProcessRecorder,
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
  until,
  wake,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("failure");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let spy: Mock<(...given: never[]) => unknown> | undefined;
afterEach(() => spy?.mockRestore());

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}

/** While `broken()` says so, a write puts a part into the file and fails. */
function breakWrites(broken: () => boolean, code: string, leave = 0.5): void {
  const append = CaptureFile.prototype.append;
  spy = spyOn(CaptureFile.prototype, "append").mockImplementation(async function (
    this: CaptureFile,
    bytes: Uint8Array,
  ) {
    if (!broken()) return append.call(this, bytes);
    await append.call(this, bytes.subarray(0, Math.trunc(bytes.length * leave)));
    throw systemError(code);
  }) as unknown as typeof spy;
}

function breakSyncs(broken: (path: string) => boolean): void {
  const sync = CaptureFile.prototype.sync;
  spy = spyOn(CaptureFile.prototype, "sync").mockImplementation(function (this: CaptureFile) {
    if (broken(this.path)) throw systemError("EIO");
    return sync.call(this);
  }) as unknown as typeof spy;
}

const state = (node: InProcessRecorder): number =>
  Atomics.load(node.board.words, boardWord.recorderState);
const events = (node: InProcessRecorder): string[] => node.logged.map(({ event }) => event);
const written = (node: InProcessRecorder): number =>
  node.board.recorder.counters[recorderCounter("packetsWritten")] as number;

function announce(node: InProcessRecorder): void {
  node.fillers.forEach((filler, shard) => {
    filler.announce(0, `hunter-${shard}`, "eth0", 1);
    filler.announce(1, `hunter-${shard}`, "any", 113);
  });
}

function lay(node: InProcessRecorder, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const bytes = Buffer.alloc(index % 90, index);
    const packet = { interface: index % 2, time: BigInt(index), bytes };
    node.fillers[index % node.fillers.length]?.packet(packet);
  }
}

/** Times of all packets in all files, sorted; the capture's own name and all beside it. */
function timesIn(name: string): number[] {
  const files = readdirSync(directory).filter((file) => file.startsWith(name));
  const packets = files.flatMap((file) => readCapture(join(directory, file)).packets);
  for (const { hunter, time, bytes } of packets) {
    expect(bytes.length).toBe(Number(time) % 90);
    if (hunter !== "") expect(hunter).toBe(`hunter-${Number(time) % 2}`);
  }
  return packets.map(({ time }) => Number(time)).toSorted((one, other) => one - other);
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index);

for (const extension of ["pcapng", "pcap"]) {
  for (const ack of ["written", "synced"] as const) {
    test(`${extension}, ${ack}: a full disk stalls, nothing is released, then all is there`, async () => {
      const path = join(directory, `full-${ack}.${extension}`);
      let full = false;
      breakWrites(() => full, "ENOSPC");
      const node = await recordInProcess(recorderConfig(path, { ack }), { shards: 2 });
      announce(node);
      lay(node, 0, 100);
      await node.settle();
      full = true;
      lay(node, 100, 200);
      for (const filler of node.fillers) filler.publish();
      const bell = Atomics.load(node.board.words, boardWord.shardBell);
      await until(() => state(node) === recorderState.stalled, "the stall");
      // Shards that sleep learn of it, and tell their hunters.
      expect(Atomics.load(node.board.words, boardWord.shardBell)).toBeGreaterThan(bell);
      expect(written(node)).toBe(100);
      expect(node.fillers.some((filler) => filler.isDone())).toBe(false);
      for (let attempt = 0; attempt < 5; attempt++) wake(node);
      full = false;
      const stalledBell = Atomics.load(node.board.words, boardWord.shardBell);
      wake(node);
      await node.settle();
      expect(state(node)).toBe(recorderState.recording);
      expect(Atomics.load(node.board.words, boardWord.shardBell)).toBeGreaterThan(stalledBell);
      lay(node, 200, 300);
      await node.finish();
      expect(timesIn(basename(path, `.${extension}`))).toEqual(numbers(300));
      const told = events(node).filter((event) => /^record-(?:stalled|resumed)$/.test(event));
      expect(told).toEqual(["record-stalled", "record-resumed"]);
      for (const file of readdirSync(directory)) unlinkSync(join(directory, file));
    });
  }

  test(`${extension}: a failed write of a sick disk goes on in a new file`, async () => {
    const path = join(directory, `sick.${extension}`);
    let sick = false;
    breakWrites(() => sick, "EIO");
    const node = await recordInProcess(recorderConfig(path), { shards: 2 });
    announce(node);
    lay(node, 0, 100);
    await node.settle();
    sick = true;
    lay(node, 100, 200);
    for (const filler of node.fillers) filler.publish();
    await until(() => events(node).includes("record-file-given-up"), "a file given up");
    sick = false;
    await node.settle();
    await node.finish();
    expect(timesIn("sick")).toEqual(numbers(200));
    // A classic file per link type: it is the first of them to be written that is given up.
    expect(readdirSync(directory).some((file) => /^sick.*_00001_/.test(file))).toBe(true);
    for (const file of readdirSync(directory)) unlinkSync(join(directory, file));
  });

  test(`${extension}: what a failed fdatasync leaves open is written again elsewhere`, async () => {
    const path = join(directory, `sync.${extension}`);
    let sick = false;
    breakSyncs((file) => sick && basename(file) === `sync.${extension}`);
    const node = await recordInProcess(recorderConfig(path, { ack: "synced" }), { shards: 2 });
    announce(node);
    lay(node, 0, 100);
    await node.settle();
    sick = true;
    lay(node, 100, 200);
    await node.settle();
    expect(written(node)).toBe(200);
    lay(node, 200, 300);
    const summary = await node.finish();
    expect(summary.packetsWritten).toBe(300);
    expect(timesIn("sync")).toEqual(numbers(300));
    expect(events(node)).toContain("record-file-given-up");
    for (const file of readdirSync(directory)) unlinkSync(join(directory, file));
  });
}

test("a rotation leaves a sick file without its statistics", async () => {
  let nowMs = 0;
  const clock: Clock = { monotonicMs: () => nowMs, wallMs: () => Date.now(), random: () => 0 };
  let failures = 0;
  breakWrites(() => failures-- > 0, "EIO");
  const config = recorderConfig(join(directory, "turn.pcapng"), { rotateIntervalMs: 1000 });
  const node = await recordInProcess(config, { clock });
  announce(node);
  node.fillers[0]?.packet({ interface: 0, time: 0n, bytes: Buffer.alloc(0) });
  node.fillers[0]?.statistics(0, 1, 2);
  await node.settle();
  failures = 1;
  nowMs = 2000;
  wake(node);
  const opened = (): number =>
    node.board.recorder.counters[recorderCounter("filesOpened")] as number;
  await until(() => opened() === 2, "the second file");
  node.fillers[0]?.packet({ interface: 0, time: 90n, bytes: Buffer.alloc(0) });
  await node.finish();
  expect(timesIn("turn_")).toEqual([0, 90]);
  for (const file of readdirSync(directory)) unlinkSync(join(directory, file));
});

test("a disk that refuses every sync is not filled with files", async () => {
  let attempts = 0;
  breakSyncs((path) => basename(path).startsWith("none") && attempts++ >= 1);
  const config = recorderConfig(join(directory, "none.pcapng"), { ack: "synced" });
  const node = await recordInProcess(config);
  announce(node);
  lay(node, 0, 10);
  node.fillers[0]?.publish();
  await until(() => state(node) === recorderState.stalled, "the stall");
  for (let turn = 0; turn < 20; turn++) {
    wake(node);
    await Bun.sleep(0);
  }
  expect(written(node)).toBe(0);
  const summary = await node.finish(0);
  expect(summary).toMatchObject({ packetsWritten: 0, packetsUnwritten: 10 });
  const files = readdirSync(directory).filter((file) => file.startsWith("none"));
  expect(files.length).toBeLessThanOrEqual(2);
  for (const file of readdirSync(directory)) unlinkSync(join(directory, file));
});

test("drain gives up at its deadline and says what is unwritten", async () => {
  const path = join(directory, "stuck.pcapng");
  let full = false;
  breakWrites(() => full, "ENOSPC");
  const node = await recordInProcess(recorderConfig(path), { shards: 2 });
  announce(node);
  lay(node, 0, 50);
  await node.settle();
  full = true;
  lay(node, 50, 120);
  const summary = await node.finish(0);
  expect(summary).toMatchObject({ packetsWritten: 50, packetsUnwritten: 70 });
  expect(timesIn("stuck")).toEqual(numbers(50));
  unlinkSync(path);
});

test("a capture file that somebody removed is noticed", async () => {
  const path = join(directory, "removed.pcapng");
  const node = await recordInProcess(recorderConfig(path));
  announce(node);
  node.fillers[0]?.packet({ interface: 0, time: 0n, bytes: Buffer.alloc(0) });
  await node.settle();
  unlinkSync(path);
  node.fillers[0]?.packet({ interface: 0, time: 90n, bytes: Buffer.alloc(0) });
  await node.finish();
  expect(timesIn("removed")).toEqual([90]);
  expect(events(node)).toContain("record-file-given-up");
});

test("a reserve that cannot be kept stalls like a full disk", async () => {
  const path = join(directory, "reserve.pcapng");
  const node = await recordInProcess(recorderConfig(path, { diskReserveBytes: 2 ** 60 }));
  announce(node);
  node.fillers[0]?.packet({ interface: 0, time: 0n, bytes: Buffer.alloc(0) });
  node.fillers[0]?.publish();
  await until(() => state(node) === recorderState.stalled, "the stall");
  const summary = await node.finish(0);
  expect(summary).toMatchObject({ packetsWritten: 0, packetsUnwritten: 1 });
});

const mountPoint = temporaryDirectory("small");
const mounted =
  process.platform === "linux" &&
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mountPoint]).status === 0;
if (!mounted) process.stdout.write("skipped: a really full disk (needs root to mount a tmpfs)\n");
afterAll(() => {
  if (mounted) spawnSync("umount", [mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
});

for (const extension of ["pcapng", "pcap"]) {
  test.skipIf(!mounted)(`${extension}: a really full disk`, async () => {
    const pad = join(mountPoint, "pad");
    writeFileSync(pad, Buffer.alloc(600_000));
    const path = join(mountPoint, `x.${extension}`);
    const node = await recordInProcess(recorderConfig(path), { ringBytes: 1024 * 1024 });
    const [filler] = node.fillers;
    filler?.announce(0, "hunter", "eth0", 1);
    for (let index = 0; index < 700; index++) {
      filler?.packet({ interface: 0, time: BigInt(index), bytes: Buffer.alloc(1000, index) });
    }
    filler?.publish();
    await until(() => state(node) === recorderState.stalled, "the stall");
    unlinkSync(pad);
    wake(node);
    await node.settle();
    const summary = await node.finish();
    expect(summary.packetsWritten).toBe(700);
    const { packets } = readCapture(path);
    expect(packets.map(({ time }) => Number(time))).toEqual(numbers(700));
    expect(packets.every(({ bytes }, index) => bytes.every((byte) => byte === index % 256))).toBe(
      true,
    );
    unlinkSync(path);
  });

  test.skipIf(!mounted)(
    `${extension}: the reserve is kept by the ring's oldest files`,
    async () => {
      const path = join(mountPoint, `r.${extension}`);
      const config = { rotateSizeBytes: 100_000, rotateFiles: 100, diskReserveBytes: 300_000 };
      const node = await recordInProcess(recorderConfig(path, config));
      const [filler] = node.fillers;
      filler?.announce(0, "hunter", "eth0", 1);
      for (let index = 0; index < 2000; index++) {
        filler?.packet({ interface: 0, time: BigInt(index), bytes: Buffer.alloc(1000, index) });
        if (index % 50 === 0) await node.settle();
      }
      const summary = await node.finish();
      expect(summary.packetsWritten).toBe(2000);
      const files = readdirSync(mountPoint).filter((name) => name.startsWith("r_"));
      const kept = files.flatMap((name) => readCapture(join(mountPoint, name)).packets);
      const deleted = node.board.recorder.counters[recorderCounter("packetsDeleted")] as number;
      expect(kept.length + deleted).toBe(2000);
      expect(deleted).toBeGreaterThan(1000);
      for (const name of files) unlinkSync(join(mountPoint, name));
    },
  );
}
