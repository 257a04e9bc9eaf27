import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { statusOk } from "../../../src/grpc/grpc-status.ts";
import { ingestEvent } from "../../../src/ingest/events.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { batchOf, TestIngest } from "./ingest-bench.ts";

const turn = (): Promise<void> => Promise.resolve();

describe("acks", () => {
  test("leave when the sink is done, one per batch, in the order of the batches", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    for (let sequence = 1; sequence <= 3; sequence++) send(batchOf(sequence, "a", "b"));
    node.ingest.settle();
    expect(port.acked).toEqual([]);
    node.sink.finish(2);
    node.ingest.settle();
    expect(port.acked).toEqual([1]);
    node.sink.finish(5);
    node.ingest.settle();
    expect(port.acked).toEqual([1, 2]);
    node.sink.finish(6);
    node.ingest.settle();
    expect(port.acked).toEqual([1, 2, 3]);
    expect([node.count("batchesAcked"), node.count("packetsAcked")]).toEqual([3, 6]);
    expect(node.ingest.pendingAcks).toBe(0);
  });

  test("repeat the numbers that the batches had, up to 64 bits", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    const numbers = [7n, 7n, 2n ** 32n, 2n ** 64n - 1n, 127n, 128n];
    for (const sequence of numbers) send({ sequence, packets: [{ data: Buffer.from("x") }] });
    node.sink.finish();
    node.ingest.settle();
    expect(port.sent.map(({ sequence }) => sequence)).toEqual(numbers);
  });

  test("of a sink that is done at once leave in the same turn", async () => {
    const node = new TestIngest({
      sink: {
        name: "at once",
        offer: ({ view }) => view.count,
        position: () => 0,
        done: () => 0,
      },
    });
    const { port, send } = node.open();
    send(batchOf(1, "a"));
    send(batchOf(2));
    await turn();
    expect(port.acked).toEqual([1, 2]);
  });

  test("of an empty batch wait for the batches before it", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    send(batchOf(1, "a"));
    send(batchOf(2));
    node.ingest.settle();
    expect(port.acked).toEqual([]);
    node.sink.finish();
    node.ingest.settle();
    expect(port.acked).toEqual([1, 2]);
  });

  test("say which packets were rejected and why", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    const data = Buffer.from("abc");
    send({
      sequence: 1n,
      packets: [
        { data, captureLength: 4 },
        { data },
        { data, linkType: 65_536 },
        { data, captureLength: 0 },
        { data: Buffer.alloc(limits.packetBytesMax + 1) },
      ],
    });
    node.sink.finish();
    node.ingest.settle();
    expect(port.sent[0]?.error).toBe(
      "4 of 5 packets rejected: capture_length is not the length of data (2), " +
        "data is longer than 262144 bytes (1), link_type is above 65535 (1)",
    );
    expect(node.sink.taken.map(({ bytes }) => bytes)).toEqual(["abc"]);
    expect(node.count("packetsReceived")).toBe(5);
    expect(node.count("packetsAccepted")).toBe(1);
    expect(node.count("packetsAcked")).toBe(1);
  });

  test("of a client that left are not sent, and block nobody", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    one.send(batchOf(1, "a"));
    two.send(batchOf(2, "b"));
    node.ingest.closed(one.stream);
    node.sink.finish();
    node.ingest.settle();
    expect(one.port.sent).toEqual([]);
    expect(two.port.acked).toEqual([2]);
    expect(node.count("packetsAcked")).toBe(1);
    expect(node.ingest.streams.size).toBe(1);
  });
});

describe("messages that wait", () => {
  test("of a client that left are taken, and not acknowledged", () => {
    const node = new TestIngest();
    const [one, two, three] = [node.open(), node.open(), node.open()];
    node.sink.room = 1;
    one.send(batchOf(1, "a", "b"));
    two.send(batchOf(1, "c"));
    two.port.holds = true;
    two.port.onResume = () => {
      two.port.holds = false;
      two.send(batchOf(2, "d"));
    };
    expect(node.ingest.closed(two.stream)).toBe(true);
    expect(node.ingest.closed(three.stream)).toBe(false);
    expect(node.ingest.streams.size).toBe(2);
    node.sink.room = 100;
    node.ingest.settle();
    node.sink.finish();
    node.ingest.settle();
    expect(node.sink.taken.map(({ bytes }) => bytes).join("")).toBe("abcd");
    expect(one.port.acked).toEqual([1]);
    expect(two.port.sent).toEqual([]);
    expect(two.port.status).toEqual({ code: 0, message: "" });
    expect(node.count("packetsAccepted")).toBe(4);
    expect(node.count("packetsAcked")).toBe(2);
    expect(node.ingest.streams.size).toBe(1);
  });

  test("of a client that had half-closed and then left are taken too", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    node.sink.room = 1;
    one.send(batchOf(1, "a", "b"));
    two.send(batchOf(1, "c"));
    node.ingest.halfClosed(two.stream);
    expect(node.ingest.closed(two.stream)).toBe(true);
    node.sink.room = 100;
    node.ingest.settle();
    expect(node.sink.taken.map(({ bytes }) => bytes).join("")).toBe("abc");
    expect(node.ingest.streams.size).toBe(1);
  });

  test("behind a batch of a client that left do not keep a stream whose hunter is ended", () => {
    const node = new TestIngest();
    const { port, stream, send } = node.open();
    node.sink.room = 1;
    send(batchOf(1, "a", "b"));
    port.holds = true;
    expect(node.ingest.closed(stream)).toBe(true);
    node.ingest.endHunter("h", "it is gone");
    expect(node.ingest.streams.size).toBe(1);
    node.sink.room = 100;
    node.ingest.settle();
    node.sink.finish();
    node.ingest.settle();
    expect(port.status?.code).toBe(14);
    expect(node.ingest.streams.size).toBe(0);
  });

  test("of more clients that left than there is a place for are lost", () => {
    const node = new TestIngest();
    node.sink.room = 0;
    node.open().send(batchOf(1, "a"));
    const kept = Array.from({ length: limits.departedStreamsMax + 2 }, () => {
      const stream = node.open();
      stream.send(batchOf(1, "x"));
      return node.ingest.closed(stream.stream);
    });
    expect(kept.filter(Boolean).length).toBe(limits.departedStreamsMax);
    node.sink.room = 10_000;
    node.ingest.settle();
    expect(node.sink.taken.length).toBe(1 + limits.departedStreamsMax);
    expect(node.ingest.streams.size).toBe(1);
    node.ingest.stopReading();
    node.ingest.endAll({ code: 0, message: "" });
    expect(node.ingest.streams.size).toBe(0);
  });
});

describe("a stream", () => {
  test("is not read while too many of its acks wait, and is read on later", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    const empty = encodeBatch(batchOf(1));
    send(batchOf(1, "a"));
    for (let sent = 2; sent < limits.pendingAcksPerStreamMax; sent++) {
      if (!send(empty)) throw new Error(`stopped after ${sent}`);
    }
    expect(send(empty)).toBe(false);
    node.ingest.settle();
    expect(port.resumes).toBe(0);
    node.sink.finish();
    node.ingest.settle();
    expect([port.resumes, port.acked.length]).toEqual([1, limits.pendingAcksPerStreamMax]);
  });

  test("acks of clients that come and go are bounded for the shard as a whole", () => {
    const node = new TestIngest();
    const empty = encodeBatch(batchOf(1));
    node.open().send(batchOf(1, "a"));
    const clients = 3 * Math.ceil(limits.pendingAcksMax / limits.pendingAcksPerStreamMax);
    for (let client = 0; client < clients; client++) {
      const { send, stream } = node.open();
      while (send(empty));
      node.ingest.closed(stream);
    }
    expect(node.ingest.pendingAcks).toBeLessThan(limits.pendingAcksMax + clients);
    const last = node.open();
    expect(last.send(empty)).toBe(false);
    node.sink.finish();
    node.ingest.settle();
    expect(last.port.resumes).toBe(1);
    expect(last.send(empty)).toBe(true);
  });

  test("is not read while its client does not take the acks", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    port.unread = limits.unreadAckBytesMax;
    expect(send(batchOf(1, "a"))).toBe(false);
    node.ingest.settle();
    expect(port.resumes).toBe(0);
    port.unread = 0;
    node.ingest.settle();
    expect(port.resumes).toBe(1);
  });

  test("half-closed ends with OK after its last ack, also when a message still waits", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    node.sink.room = 1;
    one.send(batchOf(1, "a", "b"));
    two.send(batchOf(1, "c"));
    node.ingest.halfClosed(one.stream);
    node.ingest.halfClosed(two.stream);
    node.ingest.settle();
    expect([one.port.status, two.port.status]).toEqual([undefined, undefined]);
    node.sink.room = 9;
    node.ingest.settle();
    node.sink.finish();
    node.ingest.settle();
    for (const { port } of [one, two]) {
      expect(port.acked).toEqual([1]);
      expect(port.status).toEqual(statusOk);
      expect(port.resumes).toBe(0);
    }
    expect(node.ingest.streams.size).toBe(0);
    expect(node.count("streamsClosed")).toBe(2);
  });

  test("with nothing pending ends at once when it is half-closed", () => {
    const node = new TestIngest();
    const { port, stream } = node.open();
    node.ingest.halfClosed(stream);
    expect(port.status).toEqual(statusOk);
    node.ingest.closed(stream);
    expect(node.count("streamsClosed")).toBe(1);
  });

  test("that cannot be decoded ends with INVALID_ARGUMENT after the acks that are due", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    send(batchOf(1, "a"));
    expect(send(Buffer.from([0x22, 0x7f]))).toBe(false);
    expect(send(batchOf(3, "c"))).toBe(false);
    expect(port.status).toBeUndefined();
    node.sink.finish();
    node.ingest.settle();
    expect(port.acked).toEqual([1]);
    expect(port.status?.code).toBe(3);
    expect(port.status?.message).toContain("batch 2 of this stream cannot be decoded");
    expect(node.count("batchesUndecodable")).toBe(1);
    expect(node.sink.taken.length).toBe(1);
  });

  test("keeps nothing of a batch whose end is bad", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    const good = encodeBatch(batchOf(1, "a", "b"));
    send(Buffer.concat([good, Buffer.from([0x22, 0x05])]));
    expect(node.sink.taken).toEqual([]);
    expect(port.status?.code).toBe(3);
  });
});

describe("whose batch it is", () => {
  test("each batch names its own hunter, any number of them on one stream", () => {
    const node = new TestIngest();
    const { send } = node.open();
    for (const hunterId of ["a", "b", "a", "ab", "b"]) {
      send({ hunterId, packets: [{ data: Buffer.from(hunterId) }] });
    }
    expect(node.sink.taken.map(({ hunterId }) => hunterId)).toEqual(["a", "b", "a", "ab", "b"]);
    expect(node.sink.taken.map(({ hunterNumber }) => hunterNumber)).toEqual([0, 1, 0, 2, 1]);
  });

  test("one hunter on two streams is one hunter", () => {
    const node = new TestIngest();
    node.open().send(batchOf(1, "a"));
    node.open().send(batchOf(1, "b"));
    expect(node.sink.taken.map(({ hunterNumber }) => hunterNumber)).toEqual([0, 0]);
  });

  test("a hunter without an id is named after its address", () => {
    const node = new TestIngest();
    const one = node.open("[2001:db8::1]:777");
    one.send({ hunterId: "", packets: [{ data: Buffer.from("a") }] });
    one.send({ hunterId: "named", packets: [{ data: Buffer.from("b") }] });
    one.send({ hunterId: "", packets: [{ data: Buffer.from("c") }] });
    node.open("10.1.1.1:4").send({ hunterId: "", packets: [{ data: Buffer.from("d") }] });
    expect(node.sink.taken.map(({ hunterId }) => hunterId)).toEqual([
      "unnamed@[2001:db8::1]",
      "named",
      "unnamed@[2001:db8::1]",
      "unnamed@10.1.1.1",
    ]);
  });

  test("an id that is too long or no UTF-8 ends the stream, whichever batch it comes in", () => {
    const bad: (string | Uint8Array)[] = [
      "x".repeat(limits.hunterIdBytesMax + 1),
      Uint8Array.of(0x68, 0xff),
    ];
    for (const hunterId of bad) {
      const node = new TestIngest();
      const { port, send } = node.open();
      expect(send(batchOf(1, "a"))).toBe(true);
      expect(send({ hunterId, packets: [{ data: Buffer.from("b") }] })).toBe(false);
      node.sink.finish();
      node.ingest.settle();
      expect(port.status?.code).toBe(3);
      expect(port.status?.message).toContain("hunter_id");
      expect(node.sink.taken.length).toBe(1);
    }
    const longest = "é".repeat(limits.hunterIdBytesMax / 2);
    const node = new TestIngest();
    expect(node.open().send({ hunterId: longest, packets: [] })).toBe(true);
  });

  test("what a hunter sent is reported with its address", () => {
    const node = new TestIngest();
    const { send } = node.open("10.9.9.9:1234");
    send(batchOf(1, "a", "b"));
    const [report] = node.ingest.hunters.takeReport();
    expect(report).toMatchObject({ id: "h", packets: 2, batches: 1, peer: "10.9.9.9:1234" });
    expect(node.ingest.hunters.takeReport()).toEqual([]);
  });
});

test("an operator is told of what was refused: by whom, and why", () => {
  const notes: unknown[] = [];
  const node = new TestIngest({ note: (...note) => notes.push(note) });
  const { send } = node.open("192.0.2.7:4000");
  send({ hunterId: "edge", sequence: 1n, packets: [{ data: Buffer.from("x"), captureLength: 9 }] });
  send(new Uint8Array([0xff]));
  const who = { hunter: "edge", peer: "192.0.2.7:4000" };
  expect(notes).toEqual([
    [
      ingestEvent.packetsRejected,
      "1 of 1 packets rejected: capture_length is not the length of data (1)",
      who,
    ],
    [
      ingestEvent.streamEnded,
      expect.stringContaining("batch 2 of this stream cannot be decoded"),
      who,
    ],
  ]);
});
