/** Promise 3: a slow subscriber harms nobody. What live views get, over one shard and several. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { BusyHunter, checkRecorded, hunterId, unhurried } from "../support/busy-hunter.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { numberedBatch, readMark } from "../support/numbered-packets.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const packets = 4;

/**
 * Opens a live view and waits until every shard gives it what hunters send. The probes go over the
 * connections of `streams`, and so to their shards.
 */
async function watch(
  node: RunningProcessor,
  streams: readonly MockHunter[],
  request: ConstructorParameters<typeof MockSubscriber>[1] = {},
): Promise<MockSubscriber> {
  const view = new MockSubscriber(node.address, request);
  const probes = streams.map(({ client }) => new MockHunter(node.address, client));
  const unseen = new Set(probes.keys());
  await until(() => {
    for (const number of unseen) probes[number]?.send(probeBatch(number));
    for (const batch of view.batches) unseen.delete(Number(batch.hunterId.replace("probe-", "")));
    return unseen.size === 0;
  });
  for (const probe of probes) probe.call.cancel();
  view.batches.length = 0;
  return view;
}

/** No hunter gets far ahead of these views, so that they lose nothing however busy the machine is. */
function within(reach: number, views: readonly MockSubscriber[], number: number) {
  const seenBy = (view: MockSubscriber) => view.sequencesOf(hunterId(number)).length;
  return async (batch: number): Promise<void> => {
    for (const view of views) await view.until(() => seenBy(view) > batch - reach);
  };
}

function probeBatch(number: number): Uint8Array {
  const hunter = 90_000 + number;
  return numberedBatch({ hunterId: `probe-${number}`, hunter, first: 0, packets: 1, sequence: 1 });
}

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  const start = (...more: string[]) => startProcessor(["--workers", String(workers), ...more]);

  test("a live view on any shard sees every packet of the hunters of all shards, in order", async () => {
    const node = await start();
    const streams = await connectAcrossShards(node, 6);
    // Views spread over the shards as connections do.
    const views: MockSubscriber[] = [];
    for (let count = 0; count < 4; count++) views.push(await watch(node, streams));
    const hunters = streams.map((stream, number) => {
      const before = within(2, views, number);
      return new BusyHunter(stream, { number, packets, batches: 50, before });
    });
    for (const view of views) {
      await view.until(() =>
        hunters.every(({ id }) => view.batches.filter((b) => b.hunterId === id).length >= 50),
      );
      for (const [number, { id }] of hunters.entries()) {
        const marks = view.batches
          .filter((batch) => batch.hunterId === id)
          .flatMap((batch) => batch.packets.map(({ data }) => readMark(data)));
        expect(marks.map((mark) => mark.number)).toEqual(
          Array.from({ length: 50 * packets }, (_, index) => index),
        );
        expect(new Set(marks.map((mark) => mark.hunter))).toEqual(new Set([number]));
      }
      view.close();
    }
    for (const stream of streams) stream.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });

  test("live views that read nothing cost no hunter an ack, no file a packet, no other view a batch", async () => {
    const file = join(scratchDirectory(), "slow.pcapng");
    const node = await start("-w", file);
    const streams = await connectAcrossShards(node, 4);
    const stuck = Array.from({ length: 20 }, () => {
      const view = new MockSubscriber(node.address, { clientId: "stuck" });
      view.stall();
      return view;
    });
    const view = await watch(node, streams, { clientId: "quick" });
    const batches = 400;
    const hunters = streams.map((stream, number) => {
      const before = within(4, [view], number);
      return new BusyHunter(stream, { number, packets: 4, size: 3000, batches, before });
    });
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(batches)));
    await view.until(() => hunters.every(({ id }) => view.sequencesOf(id).length >= batches));
    const slow = await node.waitFor("fanout-subscriber-slow", ({ client }) => client === "stuck");
    expect(String(slow.message)).toContain("lost");
    expect(
      node.lines.some(
        ({ event, client }) => event === "fanout-subscriber-slow" && client === "quick",
      ),
    ).toBe(false);
    for (const other of [...stuck, view]) other.close();
    const left = await node.waitFor("fanout-subscriber-left", ({ client }) => client === "stuck");
    expect(Number(left["lost"])).toBeGreaterThan(0);
    for (const stream of streams) stream.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    checkAccounts(node);
  });

  test("hunters are chosen by name, and chosen anew by a second call while the first goes on", async () => {
    const node = await start();
    const streams = await connectAcrossShards(node, 3);
    const first = await watch(node, streams);
    const ids = [hunterId(0), hunterId(2)];
    const some = new MockSubscriber(node.address, { hasHunterFilter: true, hunterIds: ids });
    const none = new MockSubscriber(node.address, { hasHunterFilter: true });
    const hunters = streams.map(
      (stream, number) => new BusyHunter(stream, { number, packets, window: 1 }),
    );
    await some.until(() => ids.every((id) => some.sequencesOf(id).length > 5));
    expect(new Set(some.batches.map((batch) => batch.hunterId))).toEqual(new Set(ids));
    const again = new MockSubscriber(node.address, {
      hasHunterFilter: true,
      hunterIds: [hunterId(1)],
    });
    some.close();
    await again.until(() => again.batches.length > 5);
    expect(new Set(again.batches.map((batch) => batch.hunterId))).toEqual(new Set([hunterId(1)]));
    expect(none.batches).toEqual([]);
    expect(none.end).toBeUndefined();
    await first.until(() => hunters.every(({ id }) => first.sequencesOf(id).length > 5));
    for (const hunter of hunters) await hunter.stop();
    for (const view of [first, none, again]) view.close();
    for (const stream of streams) stream.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });

  test("one too many is refused over all shards, and its place is free when another left", async () => {
    const node = await start("--max-subscribers", "6");
    const views: MockSubscriber[] = [];
    const joined = () =>
      node.lines.filter(({ event }) => event === "fanout-subscriber-joined").length;
    for (let count = 1; count <= 6; count++) {
      views.push(new MockSubscriber(node.address));
      await node.waitFor("fanout-subscriber-joined", () => joined() === count);
    }
    const refused = new MockSubscriber(node.address);
    const end = await refused.waitEnd();
    expect(end.code).toBe(8);
    expect(end.details).toContain("at most 6 subscribers");
    views[0]?.close();
    await node.waitFor("fanout-subscriber-left");
    const taken = new MockSubscriber(node.address);
    await node.waitFor("fanout-subscriber-joined", () => joined() === 7);
    for (const view of [...views, refused, taken]) view.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });
});

test("a shard that hangs with live views on it holds up no other shard", async () => {
  const file = join(scratchDirectory(), "hung.pcapng");
  const node = await startProcessor(["--workers", "3", "-w", file], {
    binary: "faults",
    env: { WEIR_FAULT: "shard-hang=0" },
  });
  const streams = await connectAcrossShards(node, 8);
  const views = Array.from({ length: 12 }, () => new MockSubscriber(node.address));
  const hunters = streams.map(
    (stream, number) => new BusyHunter(stream, { number, window: 8, before: unhurried }),
  );
  await Promise.all(hunters.map((hunter) => hunter.waitAcked(20)));
  await until(() => views.filter(({ batches }) => batches.length > 0).length === views.length);
  for (const view of views) view.batches.length = 0;
  node.kill("SIGUSR2");
  await node.waitFor("node-fault");
  // Those on other shards go on for as long as it hangs.
  const before = hunters.map(({ acked }) => acked);
  await node.waitFor("node-shard-hung");
  const going = hunters.filter(({ acked }, index) => acked > (before[index] ?? 0) + 100);
  expect(going.length).toBeGreaterThan(0);
  expect(views.some(({ end, batches }) => end === undefined && batches.length > 100)).toBe(true);
  await node.waitFor("node-shard-listening");
  for (const hunter of going) await hunter.finish();
  for (const view of views) view.close();
  for (const stream of streams) stream.close();
  node.kill("SIGTERM");
  await node.ended;
  checkRecorded(file, hunters);
  checkAccounts(node);
});
