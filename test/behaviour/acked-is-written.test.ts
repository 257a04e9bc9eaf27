/**
 * Promise 1: an acknowledged packet is not lost. The node is killed at random moments; the log of
 * the acks is kept by another process. Then the node is started again on the same file, gets what
 * it had not acknowledged once more, and the file is read.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { AckLog } from "../support/ack-log.ts";
import { expectRun, hunterName, readNumbers } from "../support/numbered-capture.ts";
import { readCapture } from "../support/read-capture.ts";
import { runSize, sampled } from "../support/run-size.ts";
import { seededRandom } from "../support/seed.ts";
import { sampledWorkerCounts, shardsInUse } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import { countByCapinfos, expectOwnersInTshark, hasTshark } from "../support/wireshark.ts";

/** A round with fewer is none. */
const acksMin = 1000;
/** From the start on the torn file to the node that listens. */
const startMsMax = 5000;
const hunters = 12;
const packetsPerBatch = 8;

const random = seededRandom("acked-is-written");
const directory = scratchDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  describe.each(sampled("second file formats", ["pcapng", "pcap"]))("%s", (extension) => {
    const flags = ["--workers", String(workers), "--stats-interval", "100ms"];
    const rounds = runSize("kill rounds", 1, 5);

    test.each(Array.from({ length: rounds }, (_, index) => index + 1))(
      "killed with SIGKILL, round %d",
      (round) => killRound(`${workers}-${round}.${extension}`, flags),
    );

    test("killed with SIGKILL, --ack synced", () =>
      killRound(`${workers}-synced.${extension}`, [...flags, "--ack", "synced"]));

    async function killRound(name: string, args: readonly string[]): Promise<void> {
      const path = join(directory, name);
      const log = await crash(path, args);
      try {
        await continueAfterCrash(path, args, log);
        const packets = verify(path, log);
        if (hasTshark) expect(countByCapinfos(path)).toBe(packets);
        if (extension === "pcapng") expectOneSection(path);
      } finally {
        log.kill();
        rmSync(path, { force: true });
      }
    }
  });

  /** Streams until enough is acknowledged, then kills at a random moment; at least once in flight. */
  async function crash(path: string, args: readonly string[]): Promise<AckLog> {
    const node = await startProcessor([...args, "--write-file", path]);
    const log = new AckLog(node.address, hunters, packetsPerBatch);
    await log.waitAcked(acksMin);
    if (workers > 1) await node.waitFor("node-stats", (line) => shardsInUse(line) >= 2);
    await log.waitAcked(log.total + Math.trunc(random.next() * 500));
    // Not a moment that an ack has picked.
    await Bun.sleep(random.next() * 50);
    node.kill("SIGKILL");
    await node.ended;
    await log.waitEnded();
    checkAccounts(node);
    const sent = log.sent.reduce((sum, batches) => sum + batches, 0);
    expect(log.total).toBeGreaterThanOrEqual(acksMin);
    expect(sent).toBeGreaterThan(log.total);
    firstAcked.set(log, [...log.acked]);
    return log;
  }
});

function expectOneSection(path: string): void {
  const { sections, packets } = readCapture(path);
  expect(sections).toBe(1);
  if (hasTshark) expectOwnersInTshark(path, packets);
}

/** Batches by hunter that were acknowledged before the kill. */
const firstAcked = new WeakMap<AckLog, number[]>();

async function continueAfterCrash(path: string, args: readonly string[], log: AckLog) {
  const begun = performance.now();
  const node: RunningProcessor = await startProcessor([...args, "--write-file", path]);
  await node.waitFor("record-file-continued");
  expect(performance.now() - begun).toBeLessThan(startMsMax);
  await log.sendAgain(node.address);
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
  expect(log.acked).toEqual(log.sent);
}

/**
 * Each hunter's packets stand in their order: first a run from 0 on that holds all that was
 * acknowledged, then what was sent again. Nothing else stands twice. Returns how many there are.
 */
function verify(path: string, log: AckLog): number {
  const numbers = readNumbers([path]);
  let packets = 0;
  expect(numbers.size).toBe(hunters);
  for (const [hunter, found] of numbers) {
    const again = (firstAcked.get(log)?.[hunter] ?? 0) * packetsPerBatch;
    const sent = (log.sent[hunter] ?? 0) * packetsPerBatch;
    const split = sent === again ? found.length : found.length - (sent - again);
    const before = expectRun(found.slice(0, split), 0, `${hunterName(hunter)} before the kill`);
    expect(before).toBeGreaterThanOrEqual(again);
    expectRun(found.slice(split), again, `${hunterName(hunter)} after the kill`);
    packets += found.length;
  }
  return packets;
}
