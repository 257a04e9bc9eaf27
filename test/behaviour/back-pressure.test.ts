/** A recorder that stands still: memory stays bounded, control goes on, hunters are told by themselves. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { ManagementClient } from "../support/management-client.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { readCapture } from "../support/read-capture.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type LogLine,
  nextStats,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const mebibyte = 1024 * 1024;
const { FLOW_SLOW, FLOW_PAUSE, FLOW_RESUME } = FlowControl;

async function startStallable(workers: number) {
  const file = join(scratchDirectory(), "pressure.pcapng");
  const node = await startProcessor(["--workers", String(workers), "-w", file], {
    binary: "faults",
    env: { WEIR_FAULT: "recorder-stall=600000" },
  });
  const toggleStall = async () => {
    const from = node.lines.length;
    node.kill("SIGUSR2");
    await node.waitFor("node-fault", () => true, from);
  };
  return { node, file, toggleStall };
}

/** Two stats lines in a row between which nothing was received, while a batch waits for room. */
async function waitUnread(node: RunningProcessor): Promise<LogLine> {
  let before = await nextStats(node);
  for (;;) {
    const line = await nextStats(node);
    if (line["received"] === before["received"] && Number(line["held"]) > 0) return line;
    before = line;
  }
}

/** Milliseconds that each of `count` heartbeats and registrations took, sorted. */
async function timeControl(node: RunningProcessor, count: number): Promise<number[]> {
  const management = new ManagementClient(node.address);
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const hunterId = `asking-${turn % 8}`;
    const begun = performance.now();
    await management.register({ hunterId });
    times.push(performance.now() - begun);
    const asked = performance.now();
    const answer = await management.heartbeat({ hunterId, timestampNs: BigInt(turn + 1) });
    times.push(performance.now() - asked);
    expect(answer.timestampNs).toBe(BigInt(turn + 1));
  }
  management.close();
  return times.sort((a, b) => a - b);
}

describe.each(sampledWorkerCounts(1))("a stalled recorder with --workers %d", (workers) => {
  test("what a hunter sent before it gave up is recorded", async () => {
    const { node, file, toggleStall } = await startStallable(workers);
    const hunter = new BusyHunter(new MockHunter(node.address), {
      number: 1,
      size: 600,
      window: 100_000,
      ignoresPause: true,
    });
    await hunter.waitAcked(20);
    await toggleStall();
    const before = await waitUnread(node);
    hunter.stream.close();
    await nextStats(node);
    await toggleStall();
    let after = await nextStats(node);
    while (after["in_flight"] !== 0 || after["held"] !== 0) after = await nextStats(node);
    // What fits the first window of a stream, and is whole, whatever else is under way.
    const waiting = (limits.streamWindowBytesMin / (64 * 700)) | 0;
    console.log(
      before["received"],
      before["held"],
      after["received"],
      hunter.stream.sent,
      hunter.acked,
    );
    const packets = Number(after["received"]) - Number(before["received"]);
    expect(packets).toBeGreaterThanOrEqual(waiting * 64);
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    checkAccounts(node);
    expect(readCapture(file).packets.length).toBe(Number(node.latest("node-stopped")?.["written"]));
  });

  test("holds hunters back, answers control, and loses nothing", async () => {
    const { node, file, toggleStall } = await startStallable(workers);
    const streams = await connectAcrossShards(node, 6);
    const size = 1400;
    const hunters = streams.map(
      (stream, number) => new BusyHunter(stream, { number, size, window: 2048, batches: 50 }),
    );
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(50)));
    for (const { stream } of hunters) stream.signals.length = 0;
    const rssBefore = node.rssBytes();

    await toggleStall();
    // Four heed what they are told, two do not.
    const busy = streams.map(
      (stream, number) =>
        new BusyHunter(stream, { number, size, window: 2048, ignoresPause: number < 2 }),
    );
    const unread = await waitUnread(node);
    for (const { signals } of streams) {
      expect(signals.at(-1)?.flow).toBe(FLOW_PAUSE);
      expect(signals.map(({ flow }) => flow)).not.toContain(FLOW_RESUME);
    }
    // With no ack to carry it: whoever filled the queue was told to slow down first.
    const told = streams.map(({ signals }) => signals.map(({ flow }) => flow).join());
    expect(told).toContain([FLOW_SLOW, FLOW_PAUSE].join());
    const unacked = busy.slice(0, 2).map(({ sent, acked }) => (sent - acked) * 64 * size);
    const heldBytes = limits.recordRingBytes + unacked.length * 8 * mebibyte;
    expect(unacked.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(heldBytes);

    const times = await timeControl(node, 100);
    const median = times[times.length >> 1]!;
    const rss = node.rssBytes();
    console.log(
      `--workers ${workers}: control median ${median.toFixed(1)} ms, max ${times.at(-1)!.toFixed(1)} ms; ` +
        `RSS ${(rssBefore / mebibyte).toFixed(0)} -> ${(rss / mebibyte).toFixed(0)} MiB`,
    );
    expect(median).toBeLessThan(100);
    expect(times[Math.floor(times.length * 0.95)]!).toBeLessThan(250);
    const windows = streams.length * (limits.connectionWindowBytes + limits.streamWindowBytesMax);
    expect(rss - rssBefore).toBeLessThan(limits.recordRingBytes + windows + 48 * mebibyte);
    expect(node.latest("node-stats")!["received"]).toBe(unread["received"] as number);

    await toggleStall();
    await Promise.all(streams.map((stream) => stream.told(FLOW_RESUME)));
    await Promise.all(busy.map((hunter) => hunter.finish()));
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    for (const stream of streams) stream.close();
    const sent = busy.reduce((sum, hunter) => sum + hunter.sent * hunter.packets, 0);
    expect(checkRecorded(file, busy)).toBe(sent);
    checkAccounts(node);
  });

  test("resumes many hunters a few at a time", async () => {
    const { node, toggleStall } = await startStallable(workers);
    const streams = await connectAcrossShards(node, 72);
    const resumedAt: number[] = [];
    for (const stream of streams) {
      void stream.told(FLOW_RESUME).then(() => {
        resumedAt.push(performance.now());
      });
    }
    await toggleStall();
    const hunters = streams.map(
      (stream, number) => new BusyHunter(stream, { number, size: 1400, window: 2048 }),
    );
    await Promise.all(streams.map((stream) => stream.until(() => stream.level === FLOW_PAUSE)));
    const finished = Promise.all(hunters.map((hunter) => hunter.finish()));
    await toggleStall();
    await Promise.all(streams.map((stream) => stream.told(FLOW_RESUME)));
    await finished;
    // The fullest shard has at least its share of them, and resumes them in groups.
    const groups = Math.ceil(streams.length / workers / limits.resumesAtOnce);
    const leastMs = (groups - 1) * limits.resumeIntervalMs;
    const spread = Math.max(...resumedAt) - Math.min(...resumedAt);
    // The first one may be seen late on a busy machine, hence the half.
    expect(spread).toBeGreaterThan(leastMs / 2);
    expect(resumedAt.length).toBe(streams.length);
    for (const stream of streams) stream.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    checkAccounts(node);
  });
});
