import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { selectionOf } from "../../../src/fanout/selection.ts";
import { FakeSubscriberPort } from "./fake-subscriber-port.ts";
import { batchOf, createBench, everything, flushed } from "./fanout-bench.ts";

describe("a live view", () => {
  test("gets every batch in order, with hunter, sequence and packets", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    for (let sequence = 1; sequence <= 40; sequence++) {
      fanout.offer(batchOf({ hunterId: "site", sequence, sizes: [60, 61] }));
    }
    await flushed();
    expect(port.sequences()).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(port.batches[0]?.hunterId).toBe("site");
    expect(port.batches[0]?.packets.map(({ data }) => data.length)).toEqual([60, 61]);
  });

  test("gets the first batch at once, and those that follow within 5 ms together", async () => {
    const bench = createBench();
    const { fanout } = bench;
    const port = new FakeSubscriberPort();
    let writes = 0;
    const write = port.write.bind(port);
    port.write = (frames, taken) => {
      writes++;
      write(frames, taken);
    };
    fanout.subscribe(port, everything, "");
    fanout.offer(batchOf({ sequence: 1 }));
    await flushed();
    expect([writes, port.batches.length]).toEqual([1, 1]);
    for (let sequence = 2; sequence <= 8; sequence++) fanout.offer(batchOf({ sequence }));
    while (port.batches.length < 8) await flushed();
    expect(writes).toBe(2);
    // What fills a bundle does not wait.
    fanout.offer(batchOf({ sequence: 9, sizes: [600_000] }));
    fanout.offer(batchOf({ sequence: 10, sizes: [600_000] }));
    await flushed();
    expect(port.batches.length).toBeGreaterThan(8);
  });

  test("loses nothing when another has just taken what it had, and the rest of its queue is full", async () => {
    const { fanout } = createBench();
    const quick = new FakeSubscriberPort();
    const slow = new FakeSubscriberPort();
    slow.stalled = true;
    fanout.subscribe(quick, everything, "quick");
    fanout.subscribe(slow, everything, "slow");
    for (let sequence = 1; sequence <= 120; sequence++) {
      fanout.offer(batchOf({ sequence }));
      while (quick.batches.length < sequence) await flushed();
    }
    slow.read();
    fanout.offer(batchOf({ sequence: 121 }));
    while (quick.batches.length < 121) await flushed();
    const lost = fanout.takeReports().map((report) => report.batchesDropped);
    expect(lost).toEqual([0, 20]);
  });

  test("gets no packet that was rejected", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    const batch = batchOf({ sizes: [60, 61, 62] });
    batch.rejections[1] = 1;
    fanout.offer(batch);
    await flushed();
    expect(port.batches[0]?.packets.map(({ data }) => data.length)).toEqual([60, 62]);
  });

  test("sees only the hunters that it named, none when it named none, all without a filter", async () => {
    const { fanout } = createBench();
    const some = new FakeSubscriberPort();
    const none = new FakeSubscriberPort();
    const all = new FakeSubscriberPort();
    const request = { bpfFilter: "", hasHunterFilter: true };
    fanout.subscribe(some, selectionOf({ ...request, hunterIds: ["b", "c"] }), "some");
    fanout.subscribe(none, selectionOf({ ...request, hunterIds: [] }), "none");
    const noFilter = { ...request, hasHunterFilter: false, hunterIds: ["b"] };
    fanout.subscribe(all, selectionOf(noFilter), "all");
    for (const hunterId of ["a", "b", "c", "d"]) fanout.offer(batchOf({ hunterId }));
    await flushed();
    expect(some.batches.map(({ hunterId }) => hunterId)).toEqual(["b", "c"]);
    expect(none.batches).toEqual([]);
    expect(all.batches.map(({ hunterId }) => hunterId)).toEqual(["a", "b", "c", "d"]);
  });

  test("gets the packets that its expression wants, and no empty batch", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, { hunters: undefined, expression: "less 100" }, "");
    fanout.offer(batchOf({ sequence: 1, sizes: [60, 200, 80, 90, 300] }));
    fanout.offer(batchOf({ sequence: 2, sizes: [200, 300] }));
    fanout.offer(batchOf({ sequence: 3, sizes: [300, 100] }));
    await flushed();
    expect(port.sequences()).toEqual([1, 3]);
    const sizes = port.batches.map(({ packets }) => packets.map(({ data }) => data.length));
    expect(sizes).toEqual([[60, 80, 90], [100]]);
  });

  test("is refused for an expression that is none, and nothing stays of it", () => {
    const { fanout, encoder } = createBench();
    const selection = { hunters: undefined, expression: "prot tcp" };
    const port = new FakeSubscriberPort();
    expect(() => fanout.subscribe(port, selection, "")).toThrow("prot tcp: no expression");
    fanout.offer(batchOf({}));
    expect(encoder.encoded).toBe(0);
    expect(fanout.size).toBe(0);
  });

  test("gets a batch that is larger than clients take in several messages", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    fanout.offer(batchOf({ sequence: 7, sizes: Array.from({ length: 30 }, () => 200_000) }));
    await flushed();
    expect(port.sequences()).toEqual([7, 7]);
    expect(Math.max(...port.lengths)).toBeLessThan(4 * 1024 * 1024);
    expect(port.batches.flatMap(({ packets }) => packets).length).toBe(30);
    expect(fanout.takeReports()[0]).toMatchObject({ batchesSent: 1, batchesDropped: 0 });
    // The rest of one beyond what may wait is lost, which counts.
    fanout.offer(batchOf({ sequence: 8, sizes: Array.from({ length: 240 }, () => 200_000) }));
    await flushed();
    expect(port.sequences().slice(2)).toEqual(Array.from({ length: 10 }, () => 8));
    expect(fanout.takeReports()[0]).toMatchObject({ batchesSent: 2, batchesDropped: 2 });
  });

  test("gets the whole batch of a hunter that resumes, as long as a message may be", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    const packets = Math.floor(limits.messageBytesMax / 200_100);
    fanout.offer(batchOf({ sizes: Array.from({ length: packets }, () => 200_000) }));
    await flushed();
    expect(port.batches.flatMap((batch) => batch.packets).length).toBe(packets);
    expect(fanout.takeReports()[0]).toMatchObject({ batchesSent: 1, batchesDropped: 0 });
  });

  test("gets the packets around one that is too large for any message, and a loss is counted", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    fanout.offer(batchOf({ sequence: 1, sizes: [60, 5_000_000, 61, 5_000_000] }));
    fanout.offer(batchOf({ sequence: 2, sizes: [5_000_000] }));
    fanout.offer(batchOf({ sequence: 3, sizes: [62] }));
    await flushed();
    const sizes = port.batches.map(({ packets }) => packets.map(({ data }) => data.length));
    expect(sizes).toEqual([[60], [61], [62]]);
    expect(fanout.takeReports()[0]).toMatchObject({ batchesSent: 2, batchesDropped: 3 });
  });

  test("gets an empty batch when nothing came for 30 s, and only then", async () => {
    const bench = createBench();
    const port = new FakeSubscriberPort();
    bench.fanout.subscribe(port, everything, "");
    bench.nowMs += limits.subscriberIdleMs - 1;
    bench.fanout.sweep();
    expect(port.batches.length).toBe(0);
    bench.nowMs += 1;
    bench.fanout.sweep();
    bench.fanout.sweep();
    expect(port.batches.length).toBe(1);
    expect(port.batches[0]?.packets).toEqual([]);
    bench.nowMs += limits.subscriberIdleMs;
    bench.fanout.sweep();
    expect(port.batches.length).toBe(2);
  });

  test("is told the end of the node by a status", () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    fanout.subscribe(port, everything, "");
    fanout.endAll({ code: 14, message: "the node stops" });
    expect(port.status).toEqual({ code: 14, message: "the node stops" });
  });
});

describe("who is too slow", () => {
  test("loses what is beyond 100 batches, counted, and gets the others in order", async () => {
    const bench = createBench();
    const { fanout } = bench;
    const slow = new FakeSubscriberPort();
    const fast = new FakeSubscriberPort();
    slow.stalled = true;
    fanout.subscribe(slow, everything, "slow");
    fanout.subscribe(fast, everything, "fast");
    // As large as the transport takes at once: the first is written, the others wait.
    const sizes = [600_000, 500_000];
    fanout.offer(batchOf({ sequence: 0, sizes }));
    await flushed();
    for (let sequence = 1; sequence <= 160; sequence++) {
      bench.nowMs += limits.fanoutDelayMs;
      fanout.offer(batchOf({ sequence }));
      await flushed();
    }
    const [first] = fanout.takeReports().filter(({ clientId }) => clientId === "slow");
    expect(first).toMatchObject({ batchesSent: 1, batchesQueued: 100, batchesDropped: 60 });
    expect(fast.batches.length).toBe(161);
    slow.stalled = false;
    slow.read();
    await flushed();
    expect(slow.sequences()).toEqual(Array.from({ length: 101 }, (_, index) => index));
    bench.nowMs += limits.fanoutDelayMs;
    fanout.offer(batchOf({ sequence: 200 }));
    await flushed();
    expect(slow.sequences().at(-1)).toBe(200);
  });

  test("has 100 batches of full-size packets waiting, as many as of small ones", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    port.stalled = true;
    fanout.subscribe(port, everything, "");
    const sizes = Array.from({ length: 64 }, () => 1514);
    for (let sequence = 1; sequence <= 120; sequence++) {
      fanout.offer(batchOf({ sequence, sizes }));
      await flushed();
    }
    const [report] = fanout.takeReports();
    expect(report?.batchesQueued).toBe(100);
    expect((report?.batchesSent ?? 0) + (report?.batchesDropped ?? 0)).toBe(20);
  });

  test("costs nothing: batches that nobody has room for are not even encoded", async () => {
    const { fanout, encoder } = createBench({ batchesMax: 4 });
    const ports = Array.from({ length: 10 }, () => new FakeSubscriberPort());
    for (const port of ports) {
      port.stalled = true;
      fanout.subscribe(port, everything, "");
    }
    for (let sequence = 1; sequence <= 200; sequence++) {
      fanout.offer(batchOf({ sequence, sizes: [600_000, 500_000] }));
      await flushed();
    }
    expect(encoder.encoded).toBe(5);
    for (const report of fanout.takeReports()) {
      expect(report.batchesSent + report.batchesQueued + report.batchesDropped).toBe(200);
    }
  });

  test("loses its queue first when all queues together hold too much", async () => {
    const bench = createBench({ shards: 16 });
    const { fanout } = bench;
    const stuck = Array.from({ length: 40 }, () => new FakeSubscriberPort());
    const sizes = [550_000, 550_000];
    for (const [index, port] of stuck.entries()) {
      port.stalled = true;
      // Each wants another hunter, so that nothing is shared.
      const hunters = [`hunter-${index}`];
      fanout.subscribe(port, { hunters, expression: "" }, `stuck-${index}`);
      for (let sequence = 1; sequence <= 4; sequence++) {
        bench.nowMs += 1000;
        fanout.offer(batchOf({ hunterId: `hunter-${index}`, sequence, sizes }));
        await flushed();
      }
    }
    const reports = fanout.takeReports();
    const queued = reports.map(({ batchesQueued }) => batchesQueued);
    expect(queued.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(queued.at(-1)).toBe(3);
    const held = queued.reduce((sum, batches) => sum + batches, 0) * 1_100_000;
    expect(held).toBeLessThan(limits.fanoutQueuedBytesMax / 16);
    expect(reports[0]).toMatchObject({ batchesSent: 1, batchesDropped: 3 });
  });
});

describe("reports", () => {
  test("give a live view without a name one that no other shard gives", () => {
    const names = [0, 1, 2].flatMap((shard) => {
      const { fanout } = createBench({ shard, shards: 3 });
      for (let view = 0; view < 2; view++) {
        fanout.subscribe(new FakeSubscriberPort(), everything, "");
      }
      return fanout.takeReports().map(({ clientId }) => clientId);
    });
    expect(names.toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((number) => `subscriber-${number}`));
  });

  test("name each live view with what it got, also once more after its end", async () => {
    const { fanout } = createBench();
    const port = new FakeSubscriberPort();
    const selection = { hunters: ["a"], expression: "less 99" };
    const subscriber = fanout.subscribe(port, selection, "");
    fanout.offer(batchOf({ hunterId: "a" }));
    await flushed();
    const expected = {
      number: 1,
      clientId: "subscriber-1",
      peer: port.peer,
      hunters: ["a"],
      hunterCount: 1,
      expression: "less 99",
      batchesSent: 1,
      batchesDropped: 0,
      batchesQueued: 0,
    };
    expect(fanout.takeReports()).toEqual([{ ...expected, ended: false }]);
    fanout.unsubscribe(subscriber, selection);
    expect(fanout.takeReports()).toEqual([{ ...expected, ended: true }]);
    expect(fanout.takeReports()).toEqual([]);
  });

  test("name the first hunters of a long list, and how many there are", () => {
    const { fanout } = createBench();
    const hunters = Array.from({ length: 4000 }, (_, number) => `hunter-${number}`);
    fanout.subscribe(new FakeSubscriberPort(), { hunters, expression: "" }, "");
    const [report] = fanout.takeReports();
    expect(report?.hunters).toEqual(hunters.slice(0, limits.subscriberHuntersShownMax));
    expect(report?.hunterCount).toBe(4000);
  });

  test("tell the end of each view that was told of, whatever storm of others came and went", () => {
    const { fanout } = createBench();
    const known = fanout.subscribe(new FakeSubscriberPort(), everything, "known");
    fanout.takeReports();
    for (let number = 0; number < limits.subscribersMax + 10; number++) {
      const other = fanout.subscribe(new FakeSubscriberPort(), everything, "storm");
      fanout.unsubscribe(other, everything);
    }
    fanout.unsubscribe(known, everything);
    const ended = fanout.takeReports();
    expect(ended.length).toBe(limits.subscribersMax + 1);
    expect(ended.at(-1)).toMatchObject({ clientId: "known", ended: true });
  });

  test("equal client ids are two live views", async () => {
    const { fanout } = createBench();
    const [one, two] = [new FakeSubscriberPort(), new FakeSubscriberPort()];
    const first = fanout.subscribe(one, everything, "same");
    fanout.subscribe(two, everything, "same");
    fanout.unsubscribe(first, everything);
    fanout.offer(batchOf({}));
    await flushed();
    expect(one.batches.length).toBe(0);
    expect(two.batches.length).toBe(1);
  });
});
