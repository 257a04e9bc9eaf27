/** Two shards' fan-outs, linked as the node links them. */
import { describe, expect, test } from "bun:test";
import { MessageChannel } from "node:worker_threads";
import { limits } from "../../../src/config/limits.ts";
import type { Fanout } from "../../../src/fanout/fanout.ts";
import { until } from "../../support/record-in-process.ts";
import { FakeSubscriberPort } from "./fake-subscriber-port.ts";
import { batchOf, createBench, everything } from "./fanout-bench.ts";

function link(one: Fanout, two: Fanout): MessageChannel {
  const channel = new MessageChannel();
  one.connect(1, channel.port1);
  two.connect(0, channel.port2);
  return channel;
}

/** Offers batches until the other shard has asked for them. */
async function offerUntilWanted(origin: ReturnType<typeof createBench>): Promise<void> {
  await until(() => {
    origin.fanout.offer(batchOf({ hunterId: "first", sequence: 1 }));
    return origin.encoder.encoded > 0;
  });
}

const stop = { code: 14, message: "the node stops" };

describe("a live view on one shard", () => {
  test("sees the hunters of the other one, each once and in order", async () => {
    const [origin, home] = [createBench(), createBench()];
    link(origin.fanout, home.fanout);
    const port = new FakeSubscriberPort();
    home.fanout.subscribe(port, everything, "");
    await offerUntilWanted(origin);
    for (let sequence = 2; sequence <= 50; sequence++) {
      origin.fanout.offer(batchOf({ hunterId: "there", sequence }));
      home.fanout.offer(batchOf({ hunterId: "here", sequence }));
    }
    await until(() => port.batches.length === 99);
    for (const id of ["there", "here"]) {
      const seen = port.batches.filter(({ hunterId }) => hunterId === id);
      const expected = Array.from({ length: 49 }, (_, index) => index + 2);
      expect(seen.map(({ sequence }) => Number(sequence))).toEqual(expected);
    }
    origin.fanout.endAll(stop);
    home.fanout.endAll(stop);
  });

  test("is asked for once for all with the same wish, and no more when the last has gone", async () => {
    const [origin, home] = [createBench(), createBench()];
    link(origin.fanout, home.fanout);
    const ports = [new FakeSubscriberPort(), new FakeSubscriberPort()];
    const views = ports.map((port) => home.fanout.subscribe(port, everything, ""));
    await offerUntilWanted(origin);
    await until(() => ports.every(({ batches }) => batches.length === 1));
    for (const view of views) home.fanout.unsubscribe(view, everything);
    const before = origin.encoder.encoded;
    let offered = 0;
    await until(() => {
      const encoded = origin.encoder.encoded;
      origin.fanout.offer(batchOf({ hunterId: "there", sequence: 2 }));
      offered++;
      return origin.encoder.encoded === encoded;
    });
    expect(origin.encoder.encoded - before).toBeLessThan(offered);
    origin.fanout.endAll(stop);
    home.fanout.endAll(stop);
  });

  test("is linked anew when its shard was started again", async () => {
    const [origin, home] = [createBench(), createBench()];
    const first = link(origin.fanout, home.fanout);
    const port = new FakeSubscriberPort();
    home.fanout.subscribe(port, everything, "");
    await offerUntilWanted(origin);
    await until(() => port.batches.length === 1);
    first.port1.close();
    const again = createBench();
    link(again.fanout, home.fanout);
    await offerUntilWanted(again);
    await until(() => port.batches.length === 2);
    again.fanout.endAll(stop);
    home.fanout.endAll(stop);
  });
});

test("a batch larger than the credit crosses whole", async () => {
  const [origin, home] = [createBench(), createBench()];
  link(origin.fanout, home.fanout);
  const port = new FakeSubscriberPort();
  home.fanout.subscribe(port, everything, "");
  await offerUntilWanted(origin);
  await until(() => port.batches.length === 1);
  const sizes = Array.from({ length: 64 }, () => 200_000);
  origin.fanout.offer(batchOf({ hunterId: "there", sequence: 2, sizes }));
  const large = () => port.batches.filter(({ hunterId }) => hunterId === "there");
  await until(() => large().flatMap(({ packets }) => packets).length === 64);
  expect(large().length).toBe(4);
  expect(home.fanout.takeReports()[0]).toMatchObject({ batchesDropped: 0 });
  origin.fanout.endAll(stop);
  home.fanout.endAll(stop);
});

test("a shard that stands still gets 4 MiB, and what is beyond it is counted for its live views", async () => {
  const [origin, home] = [createBench(), createBench()];
  const channel = link(origin.fanout, home.fanout);
  const port = new FakeSubscriberPort();
  home.fanout.subscribe(port, everything, "");
  await offerUntilWanted(origin);
  await until(() => port.batches.length === 1);
  // Messages wait where nobody looks at them, as in a thread that hangs.
  channel.port2.removeAllListeners("message");
  const sizes = [250_000, 250_000];
  const count = 40;
  for (let sequence = 2; sequence < 2 + count; sequence++) {
    origin.nowMs += 1000;
    origin.fanout.offer(batchOf({ hunterId: "there", sequence, sizes }));
    await Bun.sleep(0);
  }
  const sentMax = Math.ceil(limits.meshCreditBytes / 500_000) + 1;
  expect(origin.encoder.encoded - 1).toBeLessThanOrEqual(sentMax);
  expect(origin.encoder.encoded - 1).toBeGreaterThanOrEqual(sentMax - 2);
  origin.fanout.endAll(stop);
  home.fanout.endAll(stop);
});
