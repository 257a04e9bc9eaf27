/** A thread that dies or hangs: the node goes on, and hunters of other shards notice nothing. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { BusyHunter, checkRecorded, unhurried } from "../support/busy-hunter.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { connectAcrossShards, sampledWorkerCounts, shardStreams } from "../support/shards.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

async function startFaulty(workers: number, fault: string) {
  const file = join(scratchDirectory(), "restart.pcapng");
  const node = await startProcessor(["--workers", String(workers), "-w", file], {
    binary: "faults",
    env: { WEIR_FAULT: fault },
  });
  return { node, file };
}

/** Hunters on at least two shards where there are several, and at least one of them on `shard`. */
async function connectTo(node: RunningProcessor, shard: number): Promise<MockHunter[]> {
  const streams = await connectAcrossShards(node, 12);
  for (;;) {
    const line = await nextStats(node);
    const counts = shardStreams(line);
    const open = counts.reduce((sum, count) => sum + count, 0);
    if (open === streams.length && (counts[shard] ?? 0) > 0) return streams;
    if (open === streams.length) streams.push(new MockHunter(node.address));
  }
}

/** Opens streams until one carries an ack: a listener of a thread that hangs may take connections. */
async function reconnect(node: RunningProcessor, hunter: BusyHunter): Promise<void> {
  const { acked } = hunter;
  while (hunter.acked === acked) {
    await hunter.continueOn(new MockHunter(node.address));
    const { stream } = hunter;
    await stream.until(() => stream.acks.length > 0 || stream.end !== undefined);
    if (stream.end !== undefined) stream.close();
  }
}

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  test.each(["throw", "hang"] as const)("an ingest shard that fails: %s", async (kind) => {
    const victim = kind === "throw" ? 0 : workers - 1;
    const { node, file } = await startFaulty(workers, `shard-${kind}=${victim}`);
    const streams = await connectTo(node, victim);
    const hunters = streams.map(
      (stream, number) =>
        new BusyHunter(stream, { number, window: 16, packets: 16, before: unhurried }),
    );
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(20)));
    const before = hunters.map(({ acked }) => acked);
    node.kill("SIGUSR2");
    await node.waitFor("node-shard-restarting", ({ shard }) => shard === victim);
    const after = hunters.map(({ acked }) => acked);
    if (kind === "hang") expect(node.latest("node-shard-hung")).toMatchObject({ shard: victim });
    await node.waitFor("node-shard-listening");
    const lost = hunters.filter(({ stream }) => stream.end !== undefined);
    for (const hunter of lost) {
      hunter.stream.close();
      await reconnect(node, hunter);
    }
    const ackedAgain = hunters.map(({ acked }) => acked);
    await Promise.all(hunters.map((hunter, at) => hunter.waitAcked(ackedAgain[at]! + 20)));
    await Promise.all(hunters.map((hunter) => hunter.finish()));
    // Whoever was on another shard kept its stream, and was answered meanwhile.
    for (const [at, hunter] of hunters.entries()) {
      if (lost.includes(hunter)) continue;
      if (kind === "hang") expect(after[at]! - before[at]!).toBeGreaterThan(100);
      expect(streams).toContain(hunter.stream);
      expect(hunter.stream.end).toBeUndefined();
    }
    expect(lost.length).toBeGreaterThan(0);
    if (workers === 1) expect(lost.length).toBe(hunters.length);
    else expect(lost.length).toBeLessThan(hunters.length);
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    for (const { stream } of hunters) stream.close();
    checkRecorded(file, hunters);
    checkAccounts(node);
  });

  test("a shard that hangs does not hold the stop longer than 8 s", async () => {
    const { node } = await startFaulty(workers, "shard-hang=0");
    node.kill("SIGUSR2");
    await node.waitFor("node-fault");
    node.kill("SIGTERM");
    const { message } = await node.waitFor("node-stopped");
    expect(Number(/within (\d+) ms/.exec(String(message))?.[1])).toBeLessThan(8000);
    expect(node.latest("node-shard-hung")).toMatchObject({ shard: 0 });
    expect((await node.ended).code).toBe(0);
  }, 300_000);

  test("a recorder that dies ends the node with 70 and says so", async () => {
    const { node, file } = await startFaulty(workers, "recorder-throw");
    const streams = await connectAcrossShards(node, 4);
    const hunters = streams.map((stream, number) => new BusyHunter(stream, { number }));
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(20)));
    node.kill("SIGUSR2");
    expect(await node.ended).toEqual({ code: 70, signal: null });
    await Promise.all(streams.map((stream) => stream.waitEnd()));
    const errors = node.lines.filter(({ level }) => level === "error");
    expect(errors.map(({ message }) => message)).toEqual([
      "the recorder thread ended: a fault was asked for; the node cannot record any more",
    ]);
    expect(node.text).toBe("");
    for (const stream of streams) stream.close();
    // What was acknowledged is in the file, which the next start puts in order.
    const next = await startProcessor(["-w", file]);
    next.kill("SIGTERM");
    expect((await next.ended).code).toBe(0);
    checkRecorded(file, hunters);
    checkAccounts(node);
  });
});
