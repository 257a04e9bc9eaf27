/**
 * Rotation under load: by size, by time, as a ring, with a reserve. What the kept files hold and
 * what was deleted, counted, are together what was acknowledged, and each file opens by itself.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { BusyHunter, type BusyOptions, numbersByHunter } from "../support/busy-hunter.ts";
import type { MockHunter } from "../support/mock-hunter.ts";
import { capturesIn, expectRun } from "../support/numbered-capture.ts";
import { readCapture } from "../support/read-capture.ts";
import { sampled } from "../support/run-size.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { noSmallDisk, SmallDisk } from "../support/small-disk.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";
import { countsByCapinfos, hasTshark } from "../support/wireshark.ts";

const hunters = 4;
const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

if (noSmallDisk !== "") console.log(`the reserve is not tested: ${noSmallDisk}`);

interface Load {
  readonly node: RunningProcessor;
  readonly streams: readonly MockHunter[];
  readonly busy: readonly BusyHunter[];
}

async function load(flags: readonly string[], options: Omit<BusyOptions, "number">): Promise<Load> {
  const node = await startProcessor(flags);
  const streams = await connectAcrossShards(node, hunters);
  const busy = streams.map((stream, number) => new BusyHunter(stream, { ...options, number }));
  return { node, streams, busy };
}

/** Waits for that many acks of each hunter, stops all; the packets acknowledged, and those deleted since. */
async function finish({ node, streams, busy }: Load, batches = 0) {
  await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
  await Promise.all(busy.map((hunter) => hunter.finish()));
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  for (const stream of streams) stream.close();
  checkAccounts(node);
  const stopped = node.latest("node-stopped");
  const acked = busy.reduce((sum, hunter) => sum + hunter.acked * hunter.packets, 0);
  expect(stopped?.["acknowledged"]).toBe(acked);
  return { acked, deleted: Number(stopped?.["deleted"]) };
}

/** The number and the time in the names count up; returns the numbers. */
function indexesOf(paths: readonly string[], extension: string): number[] {
  const pattern = new RegExp(`^x_(\\d{5})_(\\d{8}T\\d{6}Z)\\.${extension}$`);
  const parts = paths.map((path) => pattern.exec(basename(path)) ?? expect.unreachable(path));
  const times = parts.map(([, , time = ""]) => time);
  expect(times).toEqual(times.toSorted());
  return parts.map(([, index]) => Number(index));
}

/** Packets of all files; each opens by itself, and no hunter's packets have a gap or a repetition. */
function countKept(paths: readonly string[], busy: readonly BusyHunter[]): number {
  const kept = new Map<string, number[]>();
  const files = paths.map((path) => readCapture(path));
  if (hasTshark) expect(countsByCapinfos(paths)).toEqual(files.map((file) => file.packets.length));
  for (const file of files) {
    for (const [id, numbers] of numbersByHunter(file)) {
      kept.set(id, [...(kept.get(id) ?? []), ...numbers]);
    }
  }
  let packets = 0;
  for (const { id, acked, packets: each } of busy) {
    const numbers = kept.get(id) ?? [];
    // What is missing was deleted with the oldest files.
    expect(expectRun(numbers, numbers[0] ?? 0, id)).toBe(numbers.length === 0 ? 0 : acked * each);
    packets += numbers.length;
  }
  return packets;
}

const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  describe.each(sampled("second file formats", ["pcapng", "pcap"]))("%s", (extension) => {
    function newCapture(): { directory: string; flags: string[] } {
      const directory = mkdtempSync(join(root, "d-"));
      const path = join(directory, `x.${extension}`);
      return { directory, flags: ["--workers", String(workers), "--write-file", path] };
    }

    test("by size", async () => {
      const { directory, flags } = newCapture();
      const running = await load([...flags, "--rotate-size", "256K"], { batches: 100 });
      const { acked, deleted } = await finish(running, 100);
      const files = capturesIn(directory);
      expect(files.length).toBeGreaterThan(10);
      expect(indexesOf(files, extension)).toEqual(range(1, files.length));
      // A file ends with the packet that reaches its size; a block of 128 B has 160.
      for (const path of files) expect(statSync(path).size).toBeLessThan(256 * 1024 + 160);
      expect([countKept(files, running.busy), deleted]).toEqual([acked, 0]);
    });

    test("by a size that every packet exceeds", async () => {
      const { directory, flags } = newCapture();
      const large = { batches: 2, packets: 4, size: 5000 };
      const running = await load([...flags, "--rotate-size", "4K"], large);
      const { acked } = await finish(running, 2);
      const files = capturesIn(directory);
      const packets = files.map((path) => readCapture(path).packets.length);
      // The last one waits for a packet.
      expect(packets).toEqual([...packets.slice(1).map(() => 1), 0]);
      expect(countKept(files, running.busy)).toBe(acked);
    });

    test("by time", async () => {
      const { directory, flags } = newCapture();
      const slow = { window: 1, packets: 4 };
      const running = await load([...flags, "--rotate-interval", "1s"], slow);
      await until(() => capturesIn(directory).length >= 3);
      const { acked, deleted } = await finish(running);
      const files = capturesIn(directory);
      expect(indexesOf(files, extension)).toEqual(range(1, files.length));
      expect([countKept(files, running.busy), deleted]).toEqual([acked, 0]);
    });

    test("as a ring, which goes on after a restart", async () => {
      const { directory, flags } = newCapture();
      const ring = [...flags, "--rotate-size", "128K", "--rotate-files", "3"];
      const running = await load(ring, { batches: 60 });
      const first = await finish(running, 60);
      const files = capturesIn(directory);
      expect(files.length).toBe(3);
      const kept = countKept(files, running.busy);
      expect(kept + first.deleted).toBe(first.acked);
      expect(first.deleted).toBeGreaterThan(0);
      const indexes = indexesOf(files, extension);
      const next = (indexes.at(-1) ?? 0) + 1;
      expect(indexes).toEqual(range(next - 3, 3));

      const again = await load(ring, { batches: 60 });
      const second = await finish(again, 60);
      const after = capturesIn(directory);
      expect(after.length).toBe(3);
      expect(indexesOf(after, extension)[0]).toBeGreaterThanOrEqual(next);
      // The files of the first run were deleted too, and counted.
      expect(countKept(after, again.busy) + second.deleted).toBe(kept + second.acked);
    });

    test("killed while it rotates, and started again", async () => {
      const { directory, flags } = newCapture();
      const running = await load([...flags, "--rotate-size", "64K"], {});
      await until(() => capturesIn(directory).length >= 8);
      running.node.kill("SIGKILL");
      await running.node.ended;
      await Promise.all(running.streams.map((stream) => stream.waitEnd()));
      // One that was created and has not even a header yet is removed.
      const before = capturesIn(directory).filter((path) => statSync(path).size > 0);
      const node = await startProcessor([...flags, "--rotate-size", "64K"]);
      const streams = await connectAcrossShards(node, hunters);
      await Promise.all(
        running.busy.map((hunter, index) => hunter.continueOn(streams[index] as MockHunter)),
      );
      const { busy } = running;
      await Promise.all(busy.map((hunter) => hunter.waitAcked(hunter.sent)));
      await stopHunters({ node, streams, busy });
      const files = capturesIn(directory);
      expect(files.slice(0, before.length)).toEqual(before);
      expect(indexesOf(files, extension)).toEqual(range(1, files.length));
      expectAll(files, busy);
    });
  });

  test.skipIf(noSmallDisk !== "")("with a reserve", async () => {
    const disk = new SmallDisk(14 * 1024 * 1024);
    try {
      const flags = [
        "--workers",
        String(workers),
        "--write-file",
        join(disk.directory, "x.pcapng"),
      ];
      const reserve = ["--rotate-size", "1M", "--rotate-files", "1000", "--disk-reserve", "6M"];
      const running = await load([...flags, ...reserve], { batches: 60, size: 1400 });
      let least = disk.freeBytes;
      let done = false;
      const watch = until(() => {
        least = Math.min(least, disk.freeBytes);
        return done;
      });
      const { acked, deleted } = await finish(running, 60);
      done = true;
      await watch;
      const files = capturesIn(disk.directory);
      expect(countKept(files, running.busy) + deleted).toBe(acked);
      expect(deleted).toBeGreaterThan(0);
      // The side file and the file headers are not counted before they are written.
      expect(least).toBeGreaterThan(6 * 1024 * 1024 - 64 * 1024);
      expect(running.node.latest("record-stalled")).toBeUndefined();
    } finally {
      disk.remove();
    }
  });
});

async function stopHunters({ node, streams, busy }: Load): Promise<void> {
  await Promise.all(busy.map((hunter) => hunter.finish()));
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  for (const stream of streams) stream.close();
  checkAccounts(node);
}

/** Every acknowledged packet is in some file, and only what was sent again is there twice. */
function expectAll(paths: readonly string[], busy: readonly BusyHunter[]): void {
  const times = new Map<string, number>();
  for (const path of paths) {
    for (const [id, numbers] of numbersByHunter(readCapture(path))) {
      for (const number of numbers) {
        times.set(`${id} ${number}`, (times.get(`${id} ${number}`) ?? 0) + 1);
      }
    }
  }
  for (const { id, acked, packets, resent } of busy) {
    for (let number = 0; number < acked * packets; number++) {
      const count = times.get(`${id} ${number}`) ?? 0;
      const most = resent.has(Math.floor(number / packets)) ? 2 : 1;
      if (count < 1 || count > most)
        throw new Error(`${id}: packet ${number} stands ${count} times`);
    }
  }
}
