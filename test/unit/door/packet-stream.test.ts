import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { limits } from "../../../src/config/limits.ts";
import { Connection } from "../../../src/door/connection.ts";
import { Listener } from "../../../src/door/listener.ts";
import { PacketStream } from "../../../src/door/packet-stream.ts";
import { MessageBudget, type MessageRoom } from "../../../src/grpc/message-budget.ts";
import type { Http2Stream } from "../../../src/http2/http2-stream.ts";
import { WindowGrowth } from "../../../src/http2/receive-window.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import {
  clientPreface,
  data as dataFrame,
  headers,
  reset as resetFrame,
  settings,
} from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";
import { MockHunter } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { encoded, frame, freePort, type OpenDoor, openDoor, RawCall } from "./open-door.ts";

let node: OpenDoor;
beforeEach(async () => {
  node = await openDoor();
});
afterEach(async () => {
  await node.close();
});

/** A packet stream beside the door, with room and a clock of the test. */
function packetStream(http: Http2Stream, room: MessageRoom, now: () => number): PacketStream {
  return new PacketStream(http, {
    ingest: node.ingest,
    room,
    messageBytesMax: limits.messageBytesMax,
    peer: "p:1",
    now,
    // Every hunter may be carried.
    refusalOf: () => undefined,
    onClosed: () => {},
  });
}

describe("a packet stream", () => {
  test("acknowledges in order, and ends with OK when the client half-closes", async () => {
    const hunter = new MockHunter(node.address);
    for (let sequence = 1; sequence <= 50; sequence++) hunter.send(encoded(sequence, "a", "b"));
    hunter.halfClose();
    await until(() => node.sink.taken.length === 100);
    expect(hunter.acks).toEqual([]);
    node.done();
    await hunter.waitEnd();
    expect(hunter.acks.map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(hunter.end).toEqual({ code: 0, details: "" });
    hunter.close();
    await until(() => node.streams() === 0 && node.connections() === 0);
  });

  test("answers with the headers at once, before any message", async () => {
    const call = new RawCall(node.address);
    await until(() => call.headers[":status"] === 200);
    expect(call.headers["content-type"]).toBe("application/grpc");
    call.close();
  });

  test("an early end sends trailers, then a reset, while the client still sends", async () => {
    const call = new RawCall(node.address);
    call.write(frame(encoded(1, "a")), frame(Buffer.from([0xff])), frame(encoded(2, "b")));
    await until(() => node.sink.taken.length === 1);
    expect(call.trailers).toEqual({});
    node.done();
    await until(() => call.trailers["grpc-status"] !== undefined);
    expect(call.trailers["grpc-status"]).toBe("3");
    expect(call.trailers["grpc-message"]).toStartWith("batch 2 of this stream cannot be decoded");
    expect(call.received.length).toBeGreaterThan(5);
    await until(() => call.closed && node.streams() === 0);
    expect(call.stream.rstCode).toBe(0);
    expect(call.session.destroyed).toBe(false);
    call.close();
  });

  test("what is wrong with the framing has its status", async () => {
    const cases: readonly [Buffer, string, string][] = [
      [frame(encoded(1, "a"), 1), "12", "compressed messages are not accepted"],
      [Buffer.from("0000200000", "hex"), "8", "a message of 2097152 bytes is larger than 1048576"],
    ];
    for (const [bytes, status, text] of cases) {
      const call = new RawCall(node.address);
      call.write(bytes);
      await until(() => call.closed);
      expect(call.trailers["grpc-status"]).toBe(status);
      expect(call.trailers["grpc-message"]).toStartWith(text);
      call.close();
    }
    const cut = new RawCall(node.address);
    cut.stream.end(frame(encoded(1, "a")).subarray(0, 12));
    await until(() => cut.closed);
    expect(cut.trailers["grpc-status"]).toBe("3");
    expect(cut.trailers["grpc-message"]).toBe("the stream ended in the middle of a message");
    cut.close();
  });

  test("the connection lives on after a call that ended badly", async () => {
    const session = http2.connect(`http://${node.address}`);
    const bad = new RawCall(node.address, session);
    bad.write(frame(Buffer.from([0xff])), Buffer.alloc(100_000));
    await until(() => bad.closed);
    const good = new RawCall(node.address, session);
    good.stream.end(frame(encoded(1, "a")));
    await until(() => node.sink.taken.length === 1);
    node.done();
    await until(() => good.closed);
    expect(good.trailers["grpc-status"]).toBe("0");
    session.destroy();
    await until(() => node.streams() === 0);
  });

  test("is not read while the sink is full, and its client's end is seen all the same", async () => {
    node.sink.room = 0;
    const call = new RawCall(node.address);
    const large = encodeBatch({ packets: [{ data: Buffer.alloc(100_000) }] });
    for (let batch = 0; batch < 100; batch++) call.stream.write(frame(large));
    await until(() => node.ingest.received === 1);
    await until(() => call.stream.writableLength > 5_000_000);
    expect(node.ingest.received).toBe(1);
    call.close();
    await until(() => node.streams() === 0 && node.connections() === 0);
    node.sink.room = 10_000;
    node.ingest.settle();
    expect(node.ingest.streams.size).toBe(0);
    expect(node.sink.taken.length).toBeGreaterThanOrEqual(1);
  });

  /** Streams that are not read. */
  const waiting = (): number => [...node.ingest.streams].filter(({ reading }) => !reading).length;

  test("messages of a cancelled call that wait are taken, its connection open", async () => {
    node.sink.room = 0;
    const session = http2.connect(`http://${node.address}`);
    const calls = [1, 2, 3].map(() => new RawCall(node.address, session));
    for (const call of calls) call.write(frame(encoded(1, "a")), frame(encoded(2, "b")));
    await until(() => waiting() === 3);
    for (const call of calls) call.stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => node.streams() === 0);
    node.sink.room = 100;
    node.ingest.settle();
    const taken = node.sink.taken.map(({ bytes }) => bytes);
    expect(taken.sort().join("")).toBe("aaabbb");
    expect(node.ingest.streams.size).toBe(0);
    session.destroy();
  });

  test("a half-close while a message waits ends the call after its ack", async () => {
    node.sink.room = 1;
    const calls = [1, 2].map(() => new RawCall(node.address));
    for (const call of calls) {
      call.write(frame(encoded(1, "a", "b")));
      call.stream.end(frame(encoded(2, "c")));
    }
    await until(() => waiting() === 2);
    node.sink.room = 100;
    node.ingest.settle();
    await until(() => node.sink.taken.length === 6);
    node.done();
    await until(() => calls.every(({ closed }) => closed));
    expect(calls.map(({ trailers }) => trailers["grpc-status"])).toEqual(["0", "0"]);
  });

  test("acks that nobody reads stop the reading", async () => {
    const session = http2.connect(`http://${node.address}`, { settings: { initialWindowSize: 0 } });
    const call = new RawCall(node.address, session);
    const bad = { data: Buffer.alloc(1), captureLength: 9 };
    const batch = frame(encodeBatch({ packets: [bad] }));
    const batches = Buffer.concat(Array.from({ length: 2000 }, () => batch));
    for (let writes = 0; writes < 40; writes++) call.stream.write(batches);
    await until(() => call.stream.writableLength > 0 && node.ingest.received > 1000);
    await until(() => [...node.ingest.streams].every(({ reading }) => !reading));
    expect(node.ingest.received).toBeLessThan(40_000);
    call.close();
    await until(() => node.streams() === 0);
  });
});

describe("a message that stands still", () => {
  const stallMs = limits.messageStallMsMax;
  const data = Buffer.alloc(limits.smallMessageBytesMax);
  const large = frame(encodeBatch({ packets: [{ data }] }));

  /** A packet stream with a budget and a clock of the test; half of a large message has arrived. */
  async function halfArrived(room: MessageRoom) {
    const stream = Promise.withResolvers<PacketStream>();
    let nowMs = 0;
    const now = () => nowMs;
    const port = await freePort();
    const growth = new WindowGrowth(0);
    const listener = new Listener({
      host: "127.0.0.1",
      port,
      credentials: undefined,
      accept: (socket) =>
        new Connection({
          socket,
          slot: 0,
          now,
          growth,
          onStream: (_connection, http) => stream.resolve(packetStream(http, room, now)),
          onFault: () => {},
        }),
      ready: (connection) => connection.begin(undefined),
      failed: () => {},
      closed: () => {},
    });
    listener.listen();
    const call = new RawCall(`127.0.0.1:${port}`);
    call.write(frame(encoded(1, "a")), large.subarray(0, 1000));
    await until(() => node.sink.taken.length === 1);
    node.done();
    const close = (): void => {
      call.close();
      listener.stop();
    };
    const sweep = async (atMs: number) => {
      nowMs = atMs;
      (await stream.promise).sweep(atMs);
    };
    return { call, sweep, close };
  }

  test("ends its stream after a while, and not before", async () => {
    const { call, sweep, close } = await halfArrived(new MessageBudget(1024 * 1024).of(1));
    await sweep(stallMs - 1);
    expect(node.ingest.streams.size).toBe(1);
    await sweep(stallMs);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("4");
    expect(call.trailers["grpc-message"]).toBe("a message stood still for 30 s");
    expect(node.ingest.streams.size).toBe(0);
    close();
  });

  test("for want of room is to come again, and is no longer waited for", async () => {
    const room = new MessageBudget(1024 * 1024).of(1);
    room.reserve(1024 * 1024, () => {});
    const { call, sweep, close } = await halfArrived(room);
    await sweep(stallMs);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("8");
    expect(call.trailers["grpc-message"]).toStartWith("no room for a message of this size");
    room.release(1024 * 1024);
    expect(room.reserve(1024 * 1024, () => {})).toBe(true);
    close();
  });

  test("has its time anew once it has room", async () => {
    const room = new MessageBudget(1024 * 1024).of(1);
    room.reserve(1024 * 1024, () => {});
    const { call, sweep, close } = await halfArrived(room);
    await sweep(stallMs - 1);
    room.release(1024 * 1024);
    await sweep(2 * stallMs - 2);
    expect(node.ingest.streams.size).toBe(1);
    await sweep(2 * stallMs - 1);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("4");
    close();
  });

  test("gives way sooner to other clients that wait for its room", async () => {
    const budget = new MessageBudget(1024 * 1024);
    const { call, sweep, close } = await halfArrived(budget.of(1));
    const own = budget.of(1).reserve(1024 * 1024, () => {});
    expect(own).toBe(false);
    await sweep(limits.messageGiveWayMs);
    expect(node.ingest.streams.size).toBe(1);
    const served = Promise.withResolvers<void>();
    expect(budget.of(2).reserve(1024 * 1024, served.resolve)).toBe(false);
    await sweep(limits.messageGiveWayMs);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("4");
    close();
  });

  test("but for a few bytes now and then is ended all the same", () => {
    let nowMs = 0;
    const room = new MessageBudget(64 * 1024 * 1024).of(1);
    const streams: PacketStream[] = [];
    class Peer extends Http2Peer {
      override onStream(http: Http2Stream): void {
        streams.push(packetStream(http, room, () => nowMs));
      }
    }
    const peer = new Peer();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(limits.messageBytesMax, 1);
    const first = [Buffer.from(clientPreface), settings(), headers(1), dataFrame(1, prefix)];
    peer.connection.receive(Buffer.concat(first));
    peer.take();
    const step = (bytes: number): void => {
      for (let left = bytes; left > 0; left -= 16_384) {
        peer.connection.receive(dataFrame(1, Buffer.alloc(Math.min(left, 16_384))));
      }
      nowMs += stallMs - 1;
      for (const stream of streams) stream.sweep(nowMs);
    };
    /** The status that the client was told. */
    const status = (): string | undefined => {
      const blocks = peer.take().filter(({ type, flags }) => type === 1 && (flags & 1) !== 0);
      return blocks.map(({ payload }) => /grpc-status.(\d+)/.exec(payload.toString())?.[1]).join();
    };
    for (let round = 0; round < 5; round++) step(limits.messageProgressBytesMin);
    expect(status()).toBe("");
    step(1);
    step(1);
    expect(status()).toBe("4");
    expect(room.reserve(64 * 1024 * 1024, () => {})).toBe(true);
  });

  test("of a client that left while it waited for room ends, and gives the room back", () => {
    const room = new MessageBudget(1024 * 1024).of(1);
    room.reserve(1024 * 1024, () => {});
    class Peer extends Http2Peer {
      override onStream(http: Http2Stream): void {
        packetStream(http, room, () => 0);
      }
    }
    const peer = new Peer();
    const bytes = Buffer.concat([frame(encoded(1, "a")), large.subarray(0, 1000)]);
    const first = [Buffer.from(clientPreface), settings(), headers(1), dataFrame(1, bytes)];
    peer.connection.receive(Buffer.concat([...first, resetFrame(1, 8)]));
    room.release(1024 * 1024);
    node.done();
    expect(node.ingest.streams.size).toBe(0);
    expect(room.reserve(1024 * 1024, () => {})).toBe(true);
  });

  test("because the sink is full is not its client's fault", async () => {
    const { call, sweep, close } = await halfArrived(new MessageBudget(1024 * 1024).of(1));
    node.sink.room = 0;
    call.write(large.subarray(1000), frame(encoded(2, "b")), large.subarray(0, 100));
    await until(() => node.ingest.received === 2);
    await sweep(10 * stallMs);
    expect(call.closed).toBe(false);
    expect(node.ingest.streams.size).toBe(1);
    close();
  });
});
