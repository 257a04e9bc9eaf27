import { describe, expect, test } from "bun:test";
import { seeded } from "../../support/seeded.ts";
import { batchOf, TestIngest } from "./ingest-bench.ts";

describe("a full sink", () => {
  test("takes the rest later; the ack waits for all of it", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    node.sink.room = 2;
    expect(send(batchOf(1, "a", "b", "c", "d"))).toBe(false);
    node.sink.finish();
    node.ingest.settle();
    expect(port.acked).toEqual([]);
    expect(port.resumes).toBe(0);
    expect(node.ingest.flushed).toBe(false);
    node.sink.room = 1;
    node.ingest.settle();
    node.sink.finish();
    node.ingest.settle();
    expect(port.acked).toEqual([]);
    node.sink.room = 9;
    node.ingest.settle();
    expect(node.ingest.flushed).toBe(true);
    expect(port.resumes).toBe(1);
    expect(port.acked).toEqual([]);
    node.sink.finish();
    node.ingest.settle();
    expect(port.acked).toEqual([1]);
    expect(node.sink.taken.map(({ bytes }) => bytes).join("")).toBe("abcd");
    expect(node.count("packetsAccepted")).toBe(4);
  });

  test("keeps the order in which streams came, each packet under its own hunter", () => {
    const node = new TestIngest();
    const streams = ["x", "y", "z"].map((id) => ({ id, ...node.open() }));
    node.sink.room = 1;
    for (const { id, send } of streams) {
      const packets = [1, 2].map((number) => ({ data: Buffer.from(`${id}${number}`) }));
      expect(send({ hunterId: id, sequence: 1n, packets })).toBe(false);
    }
    for (let round = 0; round < 5; round++) {
      node.sink.room = 1;
      node.ingest.settle();
    }
    expect(node.sink.taken.map(({ hunterId, bytes }) => `${hunterId}:${bytes}`)).toEqual([
      "x:x1",
      "x:x2",
      "y:y1",
      "y:y2",
      "z:z1",
      "z:z2",
    ]);
    node.sink.finish();
    node.ingest.settle();
    expect(streams.map(({ port }) => port.acked)).toEqual([[1], [1], [1]]);
    expect(streams.map(({ port }) => port.resumes)).toEqual([1, 1, 1]);
  });

  test("a message behind a held one is not looked at: nothing of it is received yet", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    node.sink.room = 0;
    one.send(batchOf(1, "a"));
    two.send(batchOf(1, "b", "c"));
    expect(node.count("packetsReceived")).toBe(1);
    node.sink.room = 9;
    node.ingest.settle();
    expect(node.count("packetsReceived")).toBe(3);
  });

  test("the rest of a held batch is taken although its client left", () => {
    const node = new TestIngest();
    const { port, stream, send } = node.open();
    node.sink.room = 1;
    send(batchOf(1, "a", "b"));
    node.ingest.closed(stream);
    node.sink.room = 9;
    node.ingest.settle();
    expect(node.sink.taken.map(({ bytes }) => bytes)).toEqual(["a", "b"]);
    node.sink.finish();
    node.ingest.settle();
    expect(port.sent).toEqual([]);
    expect([port.resumes, node.ingest.pendingAcks]).toEqual([0, 0]);
  });

  test("detection sees each packet once, and its labels stay with their packets", () => {
    let seen = 0;
    const node = new TestIngest({
      inspect: ({ view, labels }) => {
        for (let index = 0; index < view.count; index++) labels[index] = ++seen % 30;
      },
    });
    const [one, two] = [node.open(), node.open()];
    node.sink.room = 2;
    one.send(batchOf(1, "a", "b", "c", "d"));
    two.send(batchOf(1, "e", "f"));
    node.sink.room = 99;
    node.ingest.settle();
    expect(seen).toBe(6);
    expect(node.sink.taken.map(({ label }) => label)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a bad message that had to wait ends its stream after the acks", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    two.send(batchOf(1, "z"));
    node.sink.room = 0;
    one.send(batchOf(1, "a"));
    two.send(Buffer.from([0xff]));
    node.ingest.halfClosed(two.stream);
    expect(two.port.status).toBeUndefined();
    node.sink.room = 9;
    node.ingest.settle();
    expect(two.port.status).toBeUndefined();
    node.sink.finish();
    node.ingest.settle();
    expect(two.port.acked).toEqual([1]);
    expect(two.port.status?.code).toBe(3);
  });

  test("random rooms: every packet once, in order per stream, acks in order", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const node = new TestIngest();
      const streams = Array.from({ length: 5 }, (_, index) => {
        const { port, stream, send } = node.open(`10.0.0.${index}:1`);
        return { index, port, stream, send, reads: true, sent: 0, packets: [] as string[] };
      });
      for (const one of streams) {
        one.port.onResume = () => {
          one.reads = true;
        };
      }
      node.sink.room = 0;
      for (let step = 0; step < 300; step++) {
        const one = streams[random.between(0, 4)];
        if (one?.reads === true && step < 250) {
          const texts = Array.from({ length: random.between(0, 6) }, (_, packet) => {
            return `${one.index}.${one.sent}.${packet}`;
          });
          one.packets.push(...texts);
          const packets = texts.map((text) => ({ data: Buffer.from(text) }));
          const hunterId = `h${one.index}`;
          one.reads = one.send({ hunterId, sequence: BigInt(++one.sent), packets });
        }
        if (random.between(0, 3) === 0) {
          node.sink.room = step < 250 ? random.between(0, 9) : 1000;
          node.ingest.settle();
        }
        if (random.between(0, 3) === 0) {
          node.sink.finish();
          node.ingest.settle();
        }
      }
      node.sink.room = 1000;
      for (let round = 0; round < 20; round++) {
        node.ingest.settle();
        node.sink.finish();
      }
      node.ingest.settle();
      for (const { index, port, packets, sent } of streams) {
        const taken = node.sink.taken.filter(({ hunterId }) => hunterId === `h${index}`);
        expect(taken.map(({ bytes }) => bytes)).toEqual(packets);
        expect(port.acked).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
      }
      expect(node.ingest.pendingAcks).toBe(0);
    }
  });
});
