import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import net from "node:net";
import { PassThrough } from "node:stream";
import { limits } from "../../../src/config/limits.ts";
import { FrameMeter } from "../../../src/door/frame-meter.ts";
import { receivedBytes } from "../../../src/door/received-bytes.ts";

const mebibyte = Buffer.alloc(1024 * 1024);
const rate = limits.frameBytesPerSecondMax;
/** As much as all streams of a connection may have on their way. */
const onTheWay = limits.streamsPerConnectionMax * limits.streamWindowBytes;

describe("a connection", () => {
  /** Whether it is flooded after each second in which so much came, and calls were given so much. */
  function seconds(...steps: readonly (readonly [received: number, data: number])[]): boolean[] {
    let received = 0;
    const meter = new FrameMeter({ received: () => received, nowMs: 0 });
    const call = new PassThrough();
    meter.add(call);
    return steps.map(([bytes, data], step) => {
      received += bytes;
      // Its length is all that is looked at.
      call.emit("data", { length: data });
      return meter.isFlooded((step + 1) * 1000);
    });
  }

  test("may send any amount of data", () => {
    expect(seconds([900e6, 890e6], [0, 0], [1e9, 700e6])).toEqual([false, false, false]);
  });

  test("may send frames without data up to the ceiling, for as long as it likes", () => {
    const steps = Array.from({ length: 100 }, () => [rate, 0] as const);
    expect(seconds(...steps)).not.toContain(true);
  });

  test("may send data that calls are given later", () => {
    const waits = Array.from({ length: 50 }, (_, second) =>
      second % 2 === 0 ? ([onTheWay, 0] as const) : ([0, onTheWay] as const),
    );
    expect(seconds(...waits)).not.toContain(true);
  });

  test("is flooded when it sends more without data, soon or late", () => {
    expect(seconds([onTheWay + rate, 0], [rate + 1, 0])).toEqual([false, true]);
    const steps = Array.from({ length: 200 }, () => [rate * 2, 0] as const);
    expect(seconds(...steps).indexOf(true)).toBe(onTheWay / rate);
  });

  test("may send data that a paused call holds when it ends", async () => {
    const mebibytes = 64;
    let received = 0;
    const meter = new FrameMeter({ received: () => received, nowMs: 0 });
    const flooded: boolean[] = [];
    for (let second = 1; second <= 10; second++) {
      const call = new PassThrough({ highWaterMark: 1 });
      meter.add(call.pause());
      for (let at = 0; at < mebibytes; at++) call.push(mebibyte);
      received += mebibytes * mebibyte.length;
      const closed = new Promise((resolve) => call.once("close", resolve));
      call.destroy();
      await closed;
      flooded.push(meter.isFlooded(second * 1000));
    }
    expect(flooded).not.toContain(true);
  });

  test("is judged by the time that has passed, also when that is long", () => {
    const meter = new FrameMeter({ received: () => onTheWay + 5 * rate, nowMs: 0 });
    expect(meter.isFlooded(5000)).toBe(false);
    const quick = new FrameMeter({ received: () => onTheWay + 5 * rate, nowMs: 0 });
    expect(quick.isFlooded(4000)).toBe(true);
  });

  test("is left alone where nobody knows what came", () => {
    const meter = new FrameMeter({ received: () => undefined, nowMs: 0 });
    expect(meter.isFlooded(1000)).toBe(false);
  });
});

describe.skipIf(process.platform !== "linux")("the bytes that came on a socket", () => {
  let server: net.Server;
  let accepted: Promise<net.Socket>;
  beforeAll(async () => {
    const { promise, resolve } = Promise.withResolvers<net.Socket>();
    accepted = promise;
    server = net.createServer(resolve);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterAll(() => void server.close());

  test("are known while it is open, whether they are read or not", async () => {
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, "127.0.0.1");
    client.write(Buffer.alloc(12_345));
    const socket = await accepted;
    while (receivedBytes(socket) !== 12_345) await Bun.sleep(1);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.destroy();
    await closed;
    expect(receivedBytes(socket)).toBeUndefined();
    client.destroy();
  });
});
