/** Which hunters the open streams of a shard carry, and how a hunter's streams are ended. */

import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { statusOk } from "../../../src/grpc/grpc-status.ts";
import {
  type HunterEntry,
  type HunterReport,
  HunterTable,
} from "../../../src/ingest/hunter-table.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { TestIngest, type TestStream } from "./ingest-bench.ts";

function send(stream: TestStream, hunterId: string, sequence = 1n): void {
  const packets = [{ data: Buffer.from("a packet of some length") }];
  stream.send(encodeBatch({ hunterId, sequence, packets }));
}

/** `id: open streams (ended)` of each hunter in the report. */
function report({ ingest }: TestIngest): string[] {
  const text = ({ id, streams, streamsEnded }: HunterReport) =>
    `${id}: ${streams} (${streamsEnded})`;
  return ingest.hunters.takeReport().map(text);
}

describe("open streams", () => {
  test("are counted for each hunter that is seen on them, once a stream", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    for (const hunterId of ["a", "b", "a", "b"]) send(one, hunterId);
    send(two, "a");
    expect(report(node)).toEqual(["a: 2 (0)", "b: 1 (0)"]);
    send(two, "a");
    expect(report(node)).toEqual(["a: 2 (0)"]);
  });

  test("are taken back when they end, whichever side ends them", () => {
    const node = new TestIngest();
    const [cancelled, halfClosed, bad] = [node.open(), node.open(), node.open()];
    for (const stream of [cancelled, halfClosed, bad]) send(stream, "a");
    send(cancelled, "b");
    report(node);
    node.ingest.closed(cancelled.stream);
    node.ingest.closed(cancelled.stream);
    expect(report(node)).toEqual(["a: 2 (1)", "b: 0 (1)"]);
    node.sink.finish();
    node.ingest.settle();
    node.ingest.halfClosed(halfClosed.stream);
    bad.send(Buffer.from([0xff]));
    expect(report(node)).toEqual(["a: 0 (2)"]);
    expect(report(node)).toEqual([]);
  });

  test("that came and went between two reports are told", () => {
    const node = new TestIngest();
    const stream = node.open();
    send(stream, "a");
    node.ingest.closed(stream.stream);
    expect(node.ingest.hunters.takeReport()[0]).toMatchObject({
      id: "a",
      batches: 1,
      streams: 0,
      streamsEnded: 1,
    });
  });

  test("are counted for so many hunters a stream, and for so many a shard", () => {
    const table = new HunterTable();
    const count = limits.streamingHuntersPerShardMax / limits.streamHuntersMax;
    const streams = Array.from({ length: count + 1 }, () => new Set<HunterEntry>());
    for (const [number, members] of streams.entries()) {
      for (let index = 0; index <= limits.streamHuntersMax; index++) {
        table.join(members, table.find(`${number}.${index}`));
      }
    }
    expect(streams.map(({ size }) => size)).toEqual([
      ...Array.from({ length: count }, () => limits.streamHuntersMax),
      0,
    ]);
    table.leave(streams[0] as Set<HunterEntry>);
    table.join(streams[count] as Set<HunterEntry>, table.find("late"));
    expect(streams[count]?.size).toBe(1);
  });

  test("keep their hunter in the table while others come and go", () => {
    const table = new HunterTable();
    const members = new Set<HunterEntry>();
    const carried = table.find("carried");
    table.join(members, carried);
    for (let round = 0; round < 2.5 * limits.huntersPerShardMax; round++) table.find(`h${round}`);
    expect(table.find("carried")).toBe(carried);
    table.leave(members);
    for (let round = 0; round < limits.huntersPerShardMax; round++) table.find(`i${round}`);
    expect(table.find("carried")).not.toBe(carried);
  });

  test("all of whose hunters end at once are reported, even beside a flood of names", () => {
    const table = new HunterTable();
    const members = new Set<HunterEntry>();
    for (let number = 0; number < limits.streamHuntersMax; number++) {
      table.join(members, table.find(`m${number}`));
    }
    table.takeReport();
    for (let number = 0; number < limits.huntersPerShardMax; number++) {
      table.count(table.find(`h${number}`), 1, 1, "x:1");
    }
    table.leave(members);
    const ended = table.takeReport().filter(({ streamsEnded }) => streamsEnded > 0);
    expect(ended.length).toBe(limits.streamHuntersMax);
  });
});

describe("ending a hunter", () => {
  test("ends its streams after their acks, and no others", () => {
    const node = new TestIngest();
    const [own, another, foreign, shared, fresh] = Array.from({ length: 5 }, () => node.open());
    send(own!, "a");
    send(another!, "a");
    send(foreign!, "b");
    send(shared!, "b");
    send(shared!, "a");
    node.ingest.endHunter("a", "it reads nothing");
    expect(own!.port.status).toBeUndefined();
    expect(own!.stream.reading).toBe(false);
    node.sink.finish();
    node.ingest.settle();
    const ended = { code: 14, message: "it reads nothing" };
    expect(own!.port).toMatchObject({ acked: [1], status: ended });
    expect(another!.port.status).toEqual(ended);
    for (const stream of [foreign, shared, fresh]) expect(stream!.port.status).toBeUndefined();
    expect(report(node)).toEqual(["a: 1 (2)", "b: 2 (0)"]);
  });

  test("ends at once a stream that waits for nothing, and does not touch one that is over", () => {
    const node = new TestIngest();
    const [idle, closed] = [node.open(), node.open()];
    for (const stream of [idle, closed]) send(stream, "a");
    node.sink.finish();
    node.ingest.settle();
    node.ingest.halfClosed(closed.stream);
    expect(closed.port.status).toEqual(statusOk);
    node.ingest.endHunter("a", "away");
    expect(idle.port.status).toEqual({ code: 14, message: "away" });
    expect(closed.port.status).toEqual(statusOk);
  });
});

describe("a hunter that a stream may not carry", () => {
  test("ends it with why, after the acks that are due, and leaves no trace", () => {
    const node = new TestIngest();
    const stream = node.open();
    stream.port.foreign.add("b");
    send(stream, "a");
    send(stream, "b", 2n);
    send(stream, "a", 3n);
    expect(stream.port.status).toBeUndefined();
    node.sink.finish();
    node.ingest.settle();
    expect(stream.port.sent.map(({ sequence }) => sequence)).toEqual([1n]);
    expect(stream.port.status).toEqual({ code: 7, message: "not b" });
    expect(report(node)).toEqual(["a: 0 (1)"]);
  });

  test("is asked about once as long as it stays the same, and again after new rules", () => {
    const node = new TestIngest();
    const stream = node.open();
    for (let sequence = 1n; sequence <= 3n; sequence++) send(stream, "a", sequence);
    stream.port.foreign.add("a");
    send(stream, "a", 4n);
    node.ingest.reconsider(stream.stream);
    send(stream, "a", 5n);
    node.sink.finish();
    node.ingest.settle();
    expect(stream.port.sent.length).toBe(4);
    expect(stream.port.status?.code).toBe(7);
  });
});
