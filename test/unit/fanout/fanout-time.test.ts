/** What live views get when time is short. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { FakeSubscriberPort } from "./fake-subscriber-port.ts";
import { batchOf, createBench, everything, flushed } from "./fanout-bench.ts";

describe("live views and time", () => {
  test("that is used up is hardly borrowed: batches are lost until there is some again", async () => {
    const bench = createBench();
    const { fanout, encoder } = bench;
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    const encode = encoder.encode.bind(encoder);
    // Each batch takes 2 ms of the 20 ms that are saved up.
    encoder.encode = (batch) => {
      bench.nowMs += 2;
      return encode(batch);
    };
    for (let sequence = 1; sequence <= 100; sequence++) fanout.offer(batchOf({ sequence }));
    expect(encoder.encoded).toBeLessThan(20);
    expect(fanout.takeReports()[0]?.batchesDropped).toBe(100 - encoder.encoded);
    const before = encoder.encoded;
    bench.nowMs += 1000;
    fanout.offer(batchOf({ sequence: 101 }));
    expect(encoder.encoded).toBe(before + 1);
    await flushed();
    expect(port.sequences().at(-1)).toBe(101);
  });

  test("to write that is short: a queue waits for it, and what has no room in one is lost to all", async () => {
    const bench = createBench();
    const { fanout } = bench;
    const ports = Array.from({ length: 8 }, () => new FakeSubscriberPort());
    for (const port of ports) {
      fanout.subscribe(port, everything, "");
      const write = port.write.bind(port);
      port.write = (frames, taken) => {
        bench.nowMs += 2;
        write(frames, taken);
      };
    }
    // Writing to 8 takes 16 of the 20 ms that are saved up, the second time there are 4 left.
    for (let sequence = 1; sequence <= 2; sequence++) {
      bench.nowMs += limits.fanoutDelayMs;
      fanout.offer(batchOf({ sequence }));
      await flushed();
    }
    for (let sequence = 3; sequence <= 150; sequence++) fanout.offer(batchOf({ sequence }));
    for (const { batchesDropped } of fanout.takeReports()) expect(batchesDropped).toBe(49);
    while (ports.some((port) => port.batches.length < 101)) {
      bench.nowMs += 100;
      await flushed();
    }
    for (const port of ports) expect(port.sequences()).toEqual(ports[0]?.sequences() ?? []);
  });

  test("that is short goes to other wishes with each batch, and none takes more of it", () => {
    const bench = createBench();
    const { fanout } = bench;
    const views = Array.from({ length: 50 }, (_, index) => `less ${index + 100}`);
    for (const expression of views) {
      fanout.subscribe(new FakeSubscriberPort(), { hunters: undefined, expression }, expression);
    }
    // To look at one packet for one view takes 1 ms, of the 20 ms that are saved up and a debt of 5.
    bench.packetMs = 1;
    fanout.offer(batchOf({}));
    expect(bench.nowMs).toBeLessThan(30);
    const served = new Set<string>();
    for (let round = 0; round < 60; round++) {
      bench.nowMs += 1000;
      fanout.offer(batchOf({}));
    }
    for (const { clientId, batchesDropped } of fanout.takeReports()) {
      if (batchesDropped < 61) served.add(clientId);
      expect(batchesDropped).toBeGreaterThan(0);
    }
    expect([...served]).toEqual(views);
  });

  test("nobody watches: nothing is encoded", () => {
    const { fanout, encoder } = createBench();
    const port = new FakeSubscriberPort();
    const subscriber = fanout.subscribe(port, everything, "");
    fanout.unsubscribe(subscriber, everything);
    fanout.offer(batchOf({}));
    expect(encoder.encoded).toBe(0);
  });
});
