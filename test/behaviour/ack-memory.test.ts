/** `--ack memory`, the waiver of promise 1: acknowledged before it is written, paused all the same. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const size = 1400;

/** A node whose recorder stands still, and hunters that heed PAUSE and send until they are told. */
async function fillQueue(workers: number) {
  const file = join(scratchDirectory(), "memory.pcapng");
  const flags = ["--workers", String(workers), "-w", file, "--ack", "memory"];
  const node = await startProcessor(flags, {
    binary: "faults",
    env: { WEIR_FAULT: "recorder-stall=600000" },
  });
  const streams = await connectAcrossShards(node, 4);
  const stop = async () => {
    const from = node.lines.length;
    node.kill("SIGUSR2");
    await node.waitFor("node-fault", () => true, from);
  };
  await stop();
  const hunters = streams.map((stream, number) => new BusyHunter(stream, { number, size }));
  await Promise.all(
    streams.map((stream) => stream.until(() => stream.level === FlowControl.FLOW_PAUSE)),
  );
  const acked = () => hunters.reduce((sum, hunter) => sum + hunter.acked * hunter.packets, 0);
  return { node, file, hunters, streams, acked, goOn: stop };
}

async function stopped(node: RunningProcessor, code: number): Promise<void> {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code, signal: null });
  checkAccounts(node);
}

describe.each(sampledWorkerCounts(1))("--ack memory with --workers %d", (workers) => {
  test("acknowledges what waits for the disk, and says at the start that it can be lost", async () => {
    const { node, file, hunters, streams, acked, goOn } = await fillQueue(workers);
    const line = node.latest("node-ack-memory");
    expect(line?.level).toBe("warn");
    expect(line?.message).toContain("acknowledged packets that are not written yet are lost");
    await node.waitFor(
      "node-stats",
      (stats) => stats["written"] === 0 && Number(stats["acknowledged"]) >= acked(),
      node.lines.length,
    );
    // Windows of 32 batches a hunter would never fill the queue if acks waited for the disk.
    expect(acked() * size).toBeGreaterThan((limits.recordRingBytes / workers) * 0.5);
    expect(acked() * size).toBeLessThan(limits.recordRingBytes);
    await goOn();
    await Promise.all(hunters.map((hunter) => hunter.finish()));
    await stopped(node, 0);
    for (const stream of streams) stream.close();
    const sent = hunters.reduce((sum, hunter) => sum + hunter.sent * hunter.packets, 0);
    expect(checkRecorded(file, hunters)).toBe(sent);
  });
});

test("a stop that cannot write them says that hunters were told they are safe", async () => {
  const { node, streams, acked } = await fillQueue(1);
  await stopped(node, 75);
  for (const stream of streams) stream.close();
  expect(node.latest("node-stopped")).toMatchObject({ written: 0, acknowledged: acked() });
  expect(node.latest("cli-command-failed")?.message).toEndWith(
    "packets received but not written; they were acknowledged (--ack memory)",
  );
});
