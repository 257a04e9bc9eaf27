/**
 * A file that several starts have written to: whatever the order in which hunters come after a
 * restart, and however the node ended before, each packet stands under its own hunter, for readers
 * that follow the format and for the installed Wireshark.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MockHunter } from "../support/mock-hunter.ts";
import { expectRun, hunterName, interfaceOf, readNumbers } from "../support/numbered-capture.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { type ReadCaptureFile, readCapture } from "../support/read-capture.ts";
import { isFullRun, sampled } from "../support/run-size.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import { countByCapinfos, expectOwnersInTshark, hasTshark } from "../support/wireshark.ts";

const packets = 5;
/** Hunters in the order in which they come, start by start. */
const arrivals = [
  [1, 2, 3],
  [4, 3, 2, 1],
  [5, 1, 4],
  [2, 5, 3, 1, 4],
] as const;

const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

type End = "stopped" | "killed" | "killed, torn";
const ends: readonly End[] = ["stopped", ...sampled("ends", ["killed, torn", "killed"] as const)];

const sideOf = (path: string): string => join(dirname(path), `.${basename(path)}.weir`);

/** What a hunter says of itself in that start: no other says the same. */
const capturedOf = (start: number, hunter: number): bigint => BigInt(1000 * (start + 1) + hunter);

/** Hunters come one after the other, so that the order of their interfaces is known. */
async function sendInOrder(node: RunningProcessor, start: number): Promise<void> {
  for (const hunter of arrivals[start] ?? []) {
    const stream = new MockHunter(node.address);
    const earlier = arrivals.slice(0, start).filter((order) => order.some((one) => one === hunter));
    stream.send(
      numberedBatch({
        hunterId: hunterName(hunter),
        hunter,
        interfaceName: interfaceOf(hunter),
        first: earlier.length * packets,
        packets,
        sequence: 1,
        stats: { captured: capturedOf(start, hunter), dropped: 0n },
      }),
    );
    await stream.waitAcks(1);
    stream.close();
  }
}

/** One start of the node; what it acknowledged stands in the file afterwards, whole. */
async function run(path: string, start: number, end: End, flags: readonly string[]): Promise<void> {
  const node = await startProcessor([...flags, "--write-file", path]);
  await sendInOrder(node, start);
  node.kill(end === "stopped" ? "SIGTERM" : "SIGKILL");
  await node.ended;
  checkAccounts(node);
  checkFile(path, start + 1);
  if (end === "killed, torn") {
    // An interface block that names nobody, then half of a packet.
    const file = readFileSync(path);
    const at = file.lastIndexOf(Buffer.from(interfaceOf(1))) - 20;
    appendFileSync(path, file.subarray(at, at + file.readUInt32LE(at + 4)));
    const last = file.length - file.readUInt32LE(file.length - 4);
    appendFileSync(path, file.subarray(last, last + 70));
  }
}

function checkFile(path: string, starts: number): ReadCaptureFile {
  const orders = arrivals.slice(0, starts);
  const numbers = readNumbers([path]);
  for (const [hunter, found] of numbers) {
    const seen = orders.filter((order) => order.some((one) => one === hunter)).length;
    expect(expectRun(found, 0, hunterName(hunter))).toBe(seen * packets);
  }
  const file = readCapture(path);
  expect(file.packets.length).toBe(orders.flat().length * packets);
  expect(file.sections).toBe(1);
  // In the default run Wireshark reads what all starts have written.
  if (hasTshark && (isFullRun || starts === arrivals.length)) {
    expect(countByCapinfos(path)).toBe(file.packets.length);
    expectOwnersInTshark(path, file.packets);
  }
  return file;
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  const flags = ["--workers", String(workers)];

  test.each(ends)("%s and started again, with hunters in another order", async (end) => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
    for (const start of arrivals.keys()) await run(path, start, end, flags);
    if (end !== "stopped") return;
    const { statistics } = checkFile(path, arrivals.length);
    for (const one of statistics) {
      const hunter = Number(one.received % 1000n);
      expect([one.hunter, one.interface]).toEqual([hunterName(hunter), interfaceOf(hunter)]);
    }
    const said = statistics.map(({ received }) => received).sort();
    const wanted = arrivals.flatMap((order, start) =>
      order.map((hunter) => capturedOf(start, hunter)),
    );
    expect(said).toEqual(wanted.sort());
  });

  test.each(["absent", "of an earlier start"])(
    "killed and started again with a side file that is %s",
    async (kind) => {
      const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
      await run(path, 0, "stopped", flags);
      const kept = `${path}.side`;
      copyFileSync(sideOf(path), kept);
      for (const start of [1, 2, 3]) {
        await run(path, start, "killed, torn", flags);
        if (kind === "absent") rmSync(sideOf(path));
        else copyFileSync(kept, sideOf(path));
      }
      const node = await startProcessor([...flags, "--write-file", path]);
      node.kill("SIGTERM");
      await node.ended;
      checkFile(path, arrivals.length);
    },
  );
});
