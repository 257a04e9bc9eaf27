import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { invalidArgument, statusOk } from "../../../src/grpc/grpc-status.ts";
import { boardWord, recorderState } from "../../../src/pipeline/board.ts";
import { FlowControl } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { batchOf, capacityBytes, TestIngest } from "./ingest-bench.ts";

const { FLOW_SLOW: slow, FLOW_PAUSE: pause, FLOW_RESUME: resume } = FlowControl;

describe("flow signals", () => {
  test("come at once when the level changes, and only then", async () => {
    const node = new TestIngest();
    const { port } = node.open();
    for (const share of [0.5, 0.7, 0.71, 0.8, 0.9, 0.91, 1, 0.6, 0.31, 0.3]) node.fill(share);
    expect(port.signals).toEqual([slow, pause]);
    node.fill(0.29);
    await until(() => port.signals.length === 3);
    expect(port.signals).toEqual([slow, pause, resume]);
    node.fill(0.5);
    expect(port.signals.length).toBe(3);
    node.fill(0.95);
    expect(port.signals).toEqual([slow, pause, resume, pause]);
  });

  test("stand in acks too, as the client was told last", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    send(batchOf(1, "a"));
    send(batchOf(2, "b"));
    node.sink.finish(1);
    node.fill(0.8);
    node.sink.finish(2);
    node.ingest.settle();
    expect(port.sent.map(({ sequence, flow }) => [Number(sequence), flow])).toEqual([
      [1, FlowControl.FLOW_CONTINUE],
      [0, slow],
      [2, slow],
    ]);
  });

  test("do not count what an idle ring skips when it starts over", () => {
    const node = new TestIngest();
    const { port } = node.open();
    const row = node.board.row(0);
    row.setTail(100);
    row.setStart(capacityBytes);
    row.setHead(capacityBytes + 50);
    node.ingest.settle();
    expect(port.signals).toEqual([]);
  });

  test("are PAUSE while the recorder cannot write, however empty its queue is", async () => {
    const node = new TestIngest();
    const { port } = node.open();
    node.fill(0.01);
    Atomics.store(node.board.words, boardWord.recorderState, recorderState.stalled);
    node.ingest.settle();
    expect(port.signals).toEqual([pause]);
    Atomics.store(node.board.words, boardWord.recorderState, recorderState.recording);
    node.ingest.settle();
    await until(() => port.signals.length === 2);
    expect(port.signals).toEqual([pause, resume]);
  });

  test("rise with the fill of the shard's own ring, which is a part of the whole", () => {
    const node = new TestIngest({ ringBytes: capacityBytes / 4 });
    const { port } = node.open();
    node.fill(0.2);
    expect(port.signals).toEqual([slow]);
    node.fill(0.24);
    expect(port.signals).toEqual([slow, pause]);
  });

  test("are told to a stream that opens later", () => {
    const node = new TestIngest();
    node.fill(0.95);
    expect(node.open().port.signals).toEqual([pause]);
    node.fill(0.1);
    expect(node.open().port.signals).toEqual([]);
  });

  test("paused hunters come back a few at a time", async () => {
    const node = new TestIngest();
    const ports = Array.from({ length: 3 * limits.resumesAtOnce + 1 }, () => node.open().port);
    node.fill(0.95);
    expect(ports.every(({ signals }) => signals.at(-1) === pause)).toBe(true);
    node.fill(0.1);
    const resumed = (): number => ports.filter(({ signals }) => signals.at(-1) === resume).length;
    await until(() => resumed() > 0);
    expect(resumed()).toBe(limits.resumesAtOnce);
    await until(() => resumed() > limits.resumesAtOnce);
    expect(resumed()).toBe(2 * limits.resumesAtOnce);
    await until(() => resumed() === ports.length);
  });

  test("who was not resumed yet stays paused when the pressure rises again", async () => {
    const node = new TestIngest();
    const ports = Array.from({ length: limits.resumesAtOnce + 2 }, () => node.open().port);
    node.fill(0.95);
    node.fill(0.1);
    await until(() => ports.some(({ signals }) => signals.includes(resume)));
    node.fill(0.95);
    expect(ports.filter(({ signals }) => signals.includes(resume)).length).toBe(
      limits.resumesAtOnce,
    );
    expect(ports.every(({ signals }) => signals.at(-1) === pause)).toBe(true);
    node.fill(0.1);
    await until(() => ports.every(({ signals }) => signals.at(-1) === resume));
  });

  test("a hunter that was slowed while it waited for its RESUME gets one later", async () => {
    const node = new TestIngest();
    const ports = Array.from({ length: 2 * limits.resumesAtOnce }, () => node.open().port);
    node.fill(0.95);
    node.fill(0.1);
    node.fill(0.75);
    expect(ports.at(-1)?.signals).toEqual([pause, slow]);
    node.fill(0.1);
    await until(() => ports.every(({ signals }) => signals.at(-1) === resume));
  });

  test("streams that end while they wait for their RESUME are forgotten", async () => {
    const node = new TestIngest();
    const streams = Array.from({ length: 3 * limits.resumesAtOnce }, () => node.open());
    node.fill(0.95);
    node.fill(0.1);
    await until(() => streams[0]?.port.signals.at(-1) === resume);
    for (const { stream } of streams.slice(limits.resumesAtOnce)) node.ingest.closed(stream);
    const last = node.open();
    node.fill(0.95);
    node.fill(0.1);
    await until(() => last.port.signals.at(-1) === resume);
    expect(streams.at(-1)?.port.signals).toEqual([pause]);
    expect(node.ingest.streams.size).toBe(limits.resumesAtOnce + 1);
  });
});

describe("a drain", () => {
  test("pauses every hunter, also those that come later, and resumes nobody", () => {
    const node = new TestIngest();
    const before = node.open();
    node.ingest.beginDrain();
    const after = node.open();
    node.fill(0.1);
    expect(before.port.signals).toEqual([pause]);
    expect(after.port.signals).toEqual([pause]);
  });

  test("takes what comes until reading stops, and nothing after it", () => {
    const node = new TestIngest();
    const { port, send } = node.open();
    node.ingest.beginDrain();
    const { received } = node.ingest;
    expect(send(batchOf(1, "a"))).toBe(true);
    expect(node.ingest.received).toBe(received + 1);
    node.ingest.stopReading();
    expect(send(batchOf(2, "b"))).toBe(false);
    expect(node.ingest.received).toBe(received + 1);
    node.sink.finish();
    node.ingest.settle();
    node.ingest.endAll(statusOk);
    expect(port.acked).toEqual([1]);
    expect(port.status).toEqual(statusOk);
    expect(node.count("packetsAccepted")).toBe(1);
  });

  test("waits for the held batch alone; what waited behind it was never accepted", () => {
    const node = new TestIngest();
    const [one, two] = [node.open(), node.open()];
    node.sink.room = 1;
    one.send(batchOf(1, "a", "b"));
    two.send(batchOf(1, "c"));
    node.ingest.beginDrain();
    node.ingest.stopReading();
    expect(node.ingest.flushed).toBe(false);
    node.sink.room = 9;
    node.ingest.settle();
    expect(node.ingest.flushed).toBe(true);
    node.sink.finish();
    node.ingest.settle();
    node.ingest.endAll(statusOk);
    expect([one.port.acked, two.port.acked]).toEqual([[1], []]);
    expect([one.port.resumes, two.port.resumes]).toEqual([0, 0]);
    expect(node.count("packetsAccepted")).toBe(2);
    expect(node.ingest.streams.size).toBe(0);
  });

  test("streams that were ending for a reason keep it", () => {
    const node = new TestIngest();
    const { port, stream, send } = node.open();
    send(batchOf(1, "a"));
    node.ingest.close(stream, invalidArgument("bad"));
    node.ingest.beginDrain();
    node.ingest.stopReading();
    node.ingest.endAll(statusOk);
    expect(port.acked).toEqual([]);
    expect(port.status).toEqual({ code: 3, message: "bad" });
  });
});
