/** Too few descriptors, little memory, one core: the node refuses what is too much, and goes on. */
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { ManagementClient } from "../support/management-client.ts";
import { MemoryLimit, noMemoryLimit } from "../support/memory-limit.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { capturesIn } from "../support/numbered-capture.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

if (noMemoryLimit !== "") console.log(`a memory limit is skipped: ${noMemoryLimit}`);

async function stop(node: RunningProcessor): Promise<void> {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
}

const pending = (streams: readonly MockHunter[]) =>
  streams.filter(({ acks, end }) => acks.length === 0 && end === undefined).length;

describe.skipIf(Bun.which("prlimit") === null).each(sampledWorkerCounts(1))(
  "few descriptors, with --workers %d",
  (workers) => {
    test("the rest of the connections is refused, and files are opened all the same", async () => {
      const openFiles = 72;
      const places = openFiles / 2;
      const directory = scratchDirectory();
      const path = join(directory, "x.pcapng");
      // A new file every few batches.
      const args = ["--workers", String(workers), "-w", path, "--rotate-size", "64K"];
      const node = await startProcessor(args, {
        under: ["prlimit", `--nofile=${openFiles}:${openFiles}`],
      });
      expect(node.latest("node-few-open-files")?.message).toStartWith(
        `the node accepts at most ${places} connections`,
      );
      const first = Array.from({ length: 20 }, () => new MockHunter(node.address));
      const busy = first.map((stream, number) => new BusyHunter(stream, { number, batches: 40 }));
      await Promise.all(busy.map((hunter) => hunter.waitAcked(20)));
      const crowd = Array.from({ length: 30 }, () => new MockHunter(node.address));
      const late = crowd.map(
        (stream, index) => new BusyHunter(stream, { number: 100 + index, batches: 1 }),
      );
      await until(() => pending(crowd) === 0);
      const refused = crowd.filter(({ end }) => end !== undefined);
      expect(refused.length).toBe(first.length + crowd.length - places);
      expect(new Set(refused.map(({ end }) => end?.code))).toEqual(new Set([14]));
      await node.waitFor("door-connection-closed");
      await Promise.all(busy.map((hunter) => hunter.waitAcked(40)));

      // Who leaves makes place.
      for (const stream of [...first, ...refused]) stream.close();
      const served = late.filter(({ stream }) => stream.end === undefined);
      await node.waitFor(
        "node-stats",
        ({ streams }) => streams === served.length,
        node.lines.length,
      );
      const next = new BusyHunter(new MockHunter(node.address), { number: 200, batches: 1 });
      await next.waitAcked(1);
      await stop(node);
      for (const { stream } of [...served, next]) stream.close();
      // Sockets that are refused keep their descriptors for a moment: that is all that it may take.
      const stalls = node.lines.filter(({ event }) => event === "record-stalled").length;
      expect(stalls).toBeLessThanOrEqual(2);
      expect(node.lines.filter(({ event }) => event === "record-resumed").length).toBe(stalls);
      expect(readdirSync(directory).every((name) => statSync(join(directory, name)).size > 0)).toBe(
        true,
      );
      const sent = (first.length * 40 + served.length + 1) * 64;
      expect(checkRecorded(capturesIn(directory), [...busy, ...served, next])).toBe(sent);
      expect(node.latest("node-stopped")).toMatchObject({ written: sent, acknowledged: sent });
    });
  },
);

describe("one core", () => {
  test.skipIf(Bun.which("taskset") === null)(
    "is enough for shards, recorder and control",
    async () => {
      const path = join(scratchDirectory(), "x.pcapng");
      const args = ["--workers", "3", "-w", path];
      const node = await startProcessor(args, { under: ["taskset", "-c", "0"] });
      const streams = await connectAcrossShards(node, 4);
      const busy = streams.map(
        (stream, number) => new BusyHunter(stream, { number, batches: 200 }),
      );
      const management = new ManagementClient(node.address);
      while (busy.some((hunter) => hunter.acked < 200)) {
        await management.heartbeat({ hunterId: "asking", timestampNs: 1n });
        await Bun.sleep(10);
      }
      management.close();
      await stop(node);
      for (const stream of streams) stream.close();
      expect(checkRecorded(path, busy)).toBe(4 * 200 * 64);
      expect(node.latest("node-shard-hung")).toBeUndefined();
    },
  );
});

/** The disk stands still, hunters go on whatever they are told, and live views read nothing. */
async function crowd(under: readonly string[]): Promise<void> {
  const path = join(scratchDirectory(), "x.pcapng");
  const node = await startProcessor(["--workers", "1", "-w", path], {
    binary: "faults",
    env: { WEIR_FAULT: "recorder-stall=600000" },
    under,
  });
  const streams = await connectAcrossShards(node, 8);
  const views = Array.from({ length: 20 }, () => new MockSubscriber(node.address));
  for (const view of views) view.stall();
  node.kill("SIGUSR2");
  await node.waitFor("node-fault");
  const load = { size: 1400, batches: 100, window: 2048, ignoresPause: true };
  const busy = streams.map((stream, number) => new BusyHunter(stream, { number, ...load }));
  await Promise.all(
    streams.map((stream) => stream.until(() => stream.level === FlowControl.FLOW_PAUSE)),
  );
  let before = -1;
  await node.waitFor("node-stats", ({ received, held }) => {
    const still = received === before && Number(held) > 0;
    before = Number(received);
    return still;
  });
  console.log(`RSS ${(node.rssBytes() / 1024 ** 2).toFixed(0)} MiB`);
  node.kill("SIGUSR2");
  await Promise.all(busy.map((hunter) => hunter.waitAcked(load.batches)));
  for (const view of views) view.close();
  await stop(node);
  for (const stream of streams) stream.close();
  expect(checkRecorded(path, busy)).toBe(8 * load.batches * 64);
}

describe("little memory", () => {
  let limit: MemoryLimit | undefined;
  afterEach(() => {
    limit?.remove();
    limit = undefined;
  });

  test.skipIf(noMemoryLimit !== "")("256 MiB in a control group are enough", async () => {
    limit = new MemoryLimit(256 * 1024 ** 2);
    await crowd(limit.under);
    expect(limit.kills).toBe(0);
  });

  test.skipIf(Bun.which("prlimit") === null)("ulimit -v: 1 GiB of addresses is enough", () =>
    crowd(["prlimit", `--as=${1024 ** 3}`]),
  );
});
