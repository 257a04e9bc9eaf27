import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { recorderCounter } from "../../../src/pipeline/board.ts";
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
const root = temporaryDirectory("rotation");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const counter = (node: InProcessRecorder, name: Parameters<typeof recorderCounter>[0]): number =>
  node.board.recorder.counters[recorderCounter(name)] as number;

function capturesIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  return names.toSorted().map((name) => join(directory, name));
}

async function packets(node: InProcessRecorder, from: number, to: number): Promise<void> {
  const [filler] = node.fillers;
  for (let index = from; index < to; index++) {
    const bytes = Buffer.alloc(40 + ((index * 13) % 100), index);
    filler?.packet({ interface: index % 2, time: BigInt(index), bytes });
    if (index % 7 === 0) await node.settle();
  }
  await node.settle();
}

function announce(node: InProcessRecorder, linkTypes: readonly [number, number]): void {
  linkTypes.forEach((linkType, number) => {
    node.fillers[0]?.announce(number, "hunter", `eth${number}`, linkType);
  });
}

function timesIn(paths: readonly string[]): number[] {
  const times = paths.flatMap((path) => readCapture(path).packets.map(({ time }) => Number(time)));
  return times.toSorted((one, other) => one - other);
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

for (const extension of ["pcapng", "pcap"]) {
  test(`${extension}: no file exceeds its size by more than one record`, async () => {
    const directory = temporaryDirectory("rotation-size");
    const path = join(directory, `x.${extension}`);
    const limit = 4000;
    const node = await recordInProcess(recorderConfig(path, { rotateSizeBytes: limit }));
    announce(node, [1, 1]);
    node.fillers[0]?.statistics(0, 5, 6);
    await packets(node, 0, 300);
    node.fillers[0]?.statistics(1, 5, 6);
    // One large group is cut as well.
    for (const index of numbers(300, 600)) {
      node.fillers[0]?.packet({ interface: 0, time: BigInt(index), bytes: Buffer.alloc(50) });
    }
    await node.finish();
    const paths = capturesIn(directory);
    expect(paths.length).toBeGreaterThan(10);
    expect(paths[0]).toMatch(/\/x_00001_\d{8}T\d{6}Z\.pcap(ng)?$/);
    for (const file of paths) expect(statSync(file).size).toBeLessThanOrEqual(limit + 140 + 32);
    expect(timesIn(paths)).toEqual(numbers(0, 600));
    expect(counter(node, "filesOpened")).toBe(paths.length);
    rmSync(directory, { recursive: true });
  });

  test(`${extension}: the ring keeps its number of files over restarts and counts the rest`, async () => {
    const directory = temporaryDirectory("rotation-ring");
    const path = join(directory, `x.${extension}`);
    const other = join(directory, "x_notes.pcapng");
    writeFileSync(other, "somebody else's");
    const config = recorderConfig(path, { rotateSizeBytes: 3000, rotateFiles: 3 });
    let deleted = 0;
    for (let run = 0; run < 3; run++) {
      const node = await recordInProcess(config);
      announce(node, [1, 1]);
      await packets(node, run * 100, run * 100 + 100);
      await node.finish();
      deleted += counter(node, "packetsDeleted");
    }
    const paths = capturesIn(directory).filter((file) => file !== other);
    expect(paths.length).toBe(3);
    const kept = timesIn(paths);
    expect(deleted + kept.length).toBe(300);
    expect(kept).toEqual(numbers(deleted, 300));
    expect(statSync(other).size).toBe(15);
    rmSync(directory, { recursive: true });
  });
}

test("a new file begins when its time is over, but not without packets", async () => {
  let nowMs = 0;
  const clock: Clock = { monotonicMs: () => nowMs, wallMs: () => Date.now(), random: () => 0 };
  const path = join(root, "time.pcapng");
  const config = recorderConfig(path, { rotateIntervalMs: 1000 });
  const node = await recordInProcess(config, { clock });
  announce(node, [1, 1]);
  const files = (): number => counter(node, "filesOpened");
  nowMs = 5000;
  await packets(node, 0, 3);
  expect(files()).toBe(1);
  nowMs = 5999;
  wake(node);
  await packets(node, 3, 6);
  expect(files()).toBe(1);
  nowMs = 6000;
  wake(node);
  await until(() => files() === 2, "the second file");
  nowMs = 99_000;
  wake(node);
  await packets(node, 6, 9);
  expect(files()).toBe(2);
  await node.finish();
  const paths = capturesIn(root).filter((file) => file.includes("time_"));
  expect(paths.map((file) => timesIn([file]))).toEqual([numbers(0, 6), numbers(6, 9)]);
});

test("each link type has its own ring", async () => {
  const directory = temporaryDirectory("rotation-links");
  const path = join(directory, "x.pcap");
  const config = recorderConfig(path, { rotateSizeBytes: 2000, rotateFiles: 2 });
  const node = await recordInProcess(config);
  announce(node, [1, 113]);
  await packets(node, 0, 200);
  await node.finish();
  const paths = capturesIn(directory);
  expect(paths.filter((file) => file.includes("/x_")).length).toBe(2);
  expect(paths.filter((file) => file.includes("/x.linux-sll_")).length).toBe(2);
  expect(timesIn(paths).length + counter(node, "packetsDeleted")).toBe(200);
  rmSync(directory, { recursive: true });
});

test("more link types than open files", async () => {
  const directory = temporaryDirectory("rotation-many");
  const node = await recordInProcess(recorderConfig(join(directory, "x.pcap")));
  const [filler] = node.fillers;
  for (const number of numbers(0, 80)) filler?.announce(number, "h", "if", 1000 + number);
  for (let round = 0; round < 3; round++) {
    for (const number of numbers(0, 80)) {
      filler?.packet({ interface: number, time: BigInt(round), bytes: Buffer.alloc(4) });
    }
  }
  await node.finish();
  const paths = capturesIn(directory);
  expect(paths.length).toBe(80);
  for (const path of paths) expect(timesIn([path])).toEqual([0, 1, 2]);
  rmSync(directory, { recursive: true });
});
