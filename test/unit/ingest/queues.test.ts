import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { AckQueue, type PendingAck } from "../../../src/ingest/ack-queue.ts";
import { HunterStream } from "../../../src/ingest/hunter-stream.ts";
import { HunterTable } from "../../../src/ingest/hunter-table.ts";
import { ResumeQueue } from "../../../src/ingest/resume-queue.ts";
import { until } from "../../support/record-in-process.ts";
import { seeded } from "../../support/seeded.ts";
import { FakePort } from "./fake-port.ts";

const stream = new HunterStream(new FakePort());
const ackAt = (position: number, sequenceLow: number): PendingAck => ({
  stream,
  sequenceLow,
  sequenceHigh: 0,
  position,
  packets: 1,
  error: "",
});

describe("the ack queue", () => {
  test("gives what is done, in the order it came, and is as long as what is left", () => {
    const random = seeded(3);
    const queue = new AckQueue();
    const model: PendingAck[] = [];
    let position = 0;
    let number = 0;
    for (let round = 0; round < 300; round++) {
      for (let pushes = random.between(0, 120); pushes > 0; pushes--) {
        position += random.between(0, 3);
        const ack = ackAt(position, number++);
        queue.push(ack);
        model.push(ack);
      }
      const done = position - random.between(0, 100);
      for (;;) {
        const ack = queue.shiftDone(done);
        const expected = (model[0]?.position ?? Number.POSITIVE_INFINITY) <= done;
        expect(ack).toBe(expected ? (model.shift() as PendingAck) : (undefined as never));
        if (ack === undefined) break;
      }
      expect(queue.length).toBe(model.length);
    }
    expect(number).toBeGreaterThan(10_000);
  });
});

describe("the resume queue", () => {
  test("lets a few go at a time, in order, and sleeps when it is empty", async () => {
    const streams = Array.from({ length: 2 * limits.resumesAtOnce + 3 }, () => {
      return new HunterStream(new FakePort());
    });
    const sent: HunterStream[] = [];
    const queue = new ResumeQueue((one) => sent.push(one));
    for (const one of streams) queue.add(one);
    queue.remove(streams[1] as HunterStream);
    await until(() => sent.length > 0);
    expect(sent.length).toBe(limits.resumesAtOnce);
    await until(() => sent.length > limits.resumesAtOnce);
    expect(sent.length).toBe(2 * limits.resumesAtOnce);
    await until(() => sent.length === streams.length - 1);
    expect(sent).toEqual(streams.filter((_, index) => index !== 1));
    queue.add(streams[1] as HunterStream);
    queue.clear();
    queue.add(streams[0] as HunterStream);
    await until(() => sent.length === streams.length);
    expect(sent.at(-1)).toBe(streams[0] as HunterStream);
  });
});

describe("the hunter table", () => {
  test("forgets the one that was looked up longest ago, and never uses a number twice", () => {
    const table = new HunterTable();
    for (let number = 0; number < limits.huntersPerShardMax; number++) {
      expect(table.find(`h${number}`).number).toBe(number);
    }
    const kept = table.find("h0");
    expect(kept.number).toBe(0);
    const next = table.find("new");
    expect(next.number).toBe(limits.huntersPerShardMax);
    expect(table.find("h0")).toBe(kept);
    expect(table.find("h1").number).toBe(limits.huntersPerShardMax + 1);
  });

  test("a forgotten hunter's counts are still reported once", () => {
    const table = new HunterTable();
    const entry = table.find("early");
    table.count(entry, 3, 30, "10.0.0.1:1");
    for (let number = 0; number < limits.huntersPerShardMax; number++) table.find(`h${number}`);
    const again = table.find("early");
    expect(again).not.toBe(entry);
    table.count(again, 4, 40, "10.0.0.1:2");
    expect(table.takeReport().map(({ id, packets }) => [id, packets])).toEqual([
      ["early", 3],
      ["early", 4],
    ]);
    expect(table.takeReport()).toEqual([]);
    table.count(again, 1, 1, "10.0.0.1:2");
    expect(table.takeReport()[0]).toMatchObject({ packets: 1, bytes: 1, batches: 1 });
  });

  test("one report names at most as many hunters as the table holds", () => {
    const table = new HunterTable();
    for (let number = 0; number < limits.huntersPerShardMax + 500; number++) {
      table.count(table.find(`h${number}`), 1, 1, "10.0.0.1:1");
    }
    expect(table.takeReport().length).toBe(limits.huntersPerShardMax);
  });
});
