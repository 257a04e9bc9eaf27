/**
 * A full disk: hunters are told to pause, the log and the heartbeats say why, nothing is
 * acknowledged that is not in the file, and recording goes on by itself when there is space again.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { ProcessorStatus } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { parseCapture } from "../support/captures.ts";
import { ManagementClient } from "../support/management-client.ts";
import type { MockHunter } from "../support/mock-hunter.ts";
import { readMark } from "../support/numbered-packets.ts";
import { sampled } from "../support/run-size.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { noSmallDisk, SmallDisk } from "../support/small-disk.ts";
import { checkAccounts, type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const megabyte = 1_000_000;
/** Together 54 MB of packets: more than what is free and the recorder's queue. */
const hunters = 4;
const batches = 150;
const size = 1400;
const diskBytes = 80 * megabyte;
const freeAtFirst = 8 * megabyte;
/** From the full disk to the last hunter that is paused, and from its end to the last that goes on. */
const pausedMsMax = 1000;
const resumedMsMax = 5000;

if (noSmallDisk !== "") console.log(`disk-full is skipped: ${noSmallDisk}`);

let disk: SmallDisk | undefined;
afterEach(() => disk?.remove());

function smallDisk(): SmallDisk {
  disk = new SmallDisk(diskBytes);
  return disk;
}

/** One of them goes on when told to pause. */
function loadWith(streams: readonly MockHunter[]): BusyHunter[] {
  return streams.map(
    (stream, number) =>
      new BusyHunter(stream, { number, size, window: 2048, batches, ignoresPause: number === 0 }),
  );
}

async function statusOf(node: RunningProcessor): Promise<ProcessorStatus> {
  const management = new ManagementClient(node.address);
  const { status } = await management.heartbeat({ hunterId: "asking", timestampNs: 1n });
  management.close();
  return status;
}

/** Everything acknowledged so far is in the file, whatever stands behind its whole records. */
function expectAckedIn(path: string, busy: readonly BusyHunter[]): void {
  const acked = busy.map((hunter) => hunter.acked * hunter.packets);
  const found = busy.map(() => 0);
  for (const { data } of parseCapture(readFileSync(path))) {
    const { hunter, number } = readMark(data);
    expect(number).toBe(found[hunter] ?? -1);
    found[hunter] = number + 1;
  }
  for (const [hunter, count] of acked.entries()) {
    expect(found[hunter]).toBeGreaterThanOrEqual(count);
  }
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  const flags = ["--workers", String(workers), "--write-file"];

  describe.each(sampled("second file formats", ["pcapng", "pcap"]))("%s", (extension) => {
    test.skipIf(noSmallDisk !== "")("a disk that fills up", async () => {
      const small = smallDisk();
      const release = small.occupy(diskBytes - freeAtFirst);
      const path = join(small.directory, `x.${extension}`);
      const node = await startProcessor([...flags, path]);
      const streams = await connectAcrossShards(node, hunters);
      expect(await statusOf(node)).toBe(ProcessorStatus.PROCESSOR_HEALTHY);
      const busy = loadWith(streams);

      const stalled = await node.waitFor("record-stalled");
      expect(stalled.level).toBe("error");
      expect(stalled.message).toStartWith(`${path} cannot be written (`);
      expect(stalled.message).toMatch(/, \d+(?:\.\d)? [KMG]?i?B free\); retrying$/);
      expect(stalled["path"]).toBe(path);
      expect(Number(stalled["freeBytes"])).toBeLessThan(2 * megabyte);
      const stalledMs = performance.now();
      const { FLOW_PAUSE, FLOW_RESUME } = FlowControl;
      await Promise.all(streams.map((stream) => stream.until(() => stream.level === FLOW_PAUSE)));
      expect(performance.now() - stalledMs).toBeLessThan(pausedMsMax);
      expect(await statusOf(node)).toBe(ProcessorStatus.PROCESSOR_ERROR);
      await node.waitFor("node-stats", (line) => line["recording"] === "STALLED");
      expectAckedIn(path, busy);
      expect(busy.every((hunter) => hunter.acked < hunter.sent)).toBe(true);

      const releasedMs = performance.now();
      release();
      await node.waitFor("record-resumed");
      await Promise.all(streams.map((stream) => stream.told(FLOW_RESUME)));
      expect(performance.now() - releasedMs).toBeLessThan(resumedMsMax);
      await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
      expect(await statusOf(node)).toBe(ProcessorStatus.PROCESSOR_HEALTHY);
      await stop(node, streams, 0);
      expect(checkRecorded(path, busy)).toBe(hunters * batches * 64);
    });
  });

  test.skipIf(noSmallDisk !== "")("a disk that is full at the start", async () => {
    const small = smallDisk();
    const release = small.occupy(diskBytes);
    const path = join(small.directory, "x.pcapng");
    const node = await startProcessor([...flags, path]);
    const streams = await connectAcrossShards(node, hunters);
    const busy = loadWith(streams);
    await node.waitFor("record-stalled");
    const { FLOW_PAUSE } = FlowControl;
    await Promise.all(streams.map((stream) => stream.until(() => stream.level === FLOW_PAUSE)));
    expect(await statusOf(node)).toBe(ProcessorStatus.PROCESSOR_ERROR);
    expect(busy.map((hunter) => hunter.acked)).toEqual(busy.map(() => 0));
    release();
    await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
    await stop(node, streams, 0);
    expect(checkRecorded(path, busy)).toBe(hunters * batches * 64);
  });

  test.skipIf(noSmallDisk !== "")("a stop while the disk is full", async () => {
    const small = smallDisk();
    small.occupy(diskBytes - freeAtFirst);
    const path = join(small.directory, "x.pcapng");
    const node = await startProcessor([...flags, path]);
    const streams = await connectAcrossShards(node, hunters);
    const busy = loadWith(streams);
    await node.waitFor("record-stalled");
    await Promise.all(
      streams.map((stream) => stream.until(() => stream.level === FlowControl.FLOW_PAUSE)),
    );
    await stop(node, streams, 75);
    const written = checkRecorded(path, busy);
    const stopped = node.latest("node-stopped");
    expect(stopped?.["written"]).toBe(written);
    expect(stopped?.["unwritten"]).toBe(Number(stopped?.["accepted"]) - written);
    expect(Number(/\d+/.exec(stopped?.message ?? "")?.[0])).toBeLessThan(8000);
    const said = `${Number(stopped?.["unwritten"]).toLocaleString("en-US")} packets received but not written`;
    expect(node.latest("cli-command-failed")?.message).toStartWith(said);
  });
});

async function stop(node: RunningProcessor, streams: readonly MockHunter[], code: number) {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code, signal: null });
  for (const stream of streams) stream.close();
  checkAccounts(node);
}
