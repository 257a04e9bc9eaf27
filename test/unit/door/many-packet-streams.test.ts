/** Many packet streams of a door at once, and what is left of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { limits } from "../../../src/config/limits.ts";
import { statusOk } from "../../../src/grpc/grpc-status.ts";
import { shardCounter } from "../../../src/pipeline/board.ts";
import { MockHunter } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { seeded } from "../../support/seeded.ts";
import { encoded, frame, type OpenDoor, openDoor, RawCall } from "./open-door.ts";

let node: OpenDoor;
beforeEach(async () => {
  node = await openDoor();
});
afterEach(async () => {
  await node.close();
});

describe("many streams", () => {
  test("beyond the limit are refused with a status, and closed", async () => {
    const row = node.board.row(0);
    for (let open = 0; open < limits.streamsMax; open++) {
      node.board.enter(row, "streams", limits.streamsMax);
    }
    const call = new RawCall(node.address);
    await until(() => call.closed);
    expect(call.headers["grpc-status"]).toBe("8");
    expect(node.streams()).toBe(limits.streamsMax);
    expect(row.counters[shardCounter("streamsRefused")]).toBe(1);
    node.board.leave(row, "streams");
    const next = new RawCall(node.address, call.session);
    next.stream.end(frame(encoded(1, "a")));
    await until(() => node.sink.taken.length === 1);
    call.close();
  });

  test("that are cancelled at random moments leave nothing behind", async () => {
    const random = seeded(5);
    for (let round = 0; round < 30; round++) {
      const session = http2.connect(`http://${node.address}`);
      session.on("error", () => {});
      const calls = Array.from({ length: 8 }, () => new RawCall(node.address, session));
      for (const call of calls) {
        const what = random.between(0, 5);
        if (what > 0) call.write(frame(encoded(1, "a")));
        if (what === 2) call.stream.end();
        if (what === 3) call.write(frame(Buffer.from([0xff])));
        if (what === 4) call.stream.close(http2.constants.NGHTTP2_CANCEL);
        if (what === 5) setTimeout(() => call.stream.close(random.between(0, 8)), 1);
      }
      if (random.between(0, 1) === 0) await Bun.sleep(random.between(0, 3));
      if (random.between(0, 1) === 0) node.done();
      session.destroy();
    }
    node.done();
    await until(() => node.streams() === 0 && node.connections() === 0, "all streams closed");
    expect(node.ingest.streams.size).toBe(0);
    const hunter = new MockHunter(node.address);
    node.sink.taken.length = 0;
    node.sink.finish(0);
    hunter.send(encoded(1, "z"));
    await until(() => node.sink.taken.length > 0);
    hunter.close();
  }, 20_000);
});

test("a stop ends the calls with OK after the last acks", async () => {
  const hunter = new MockHunter(node.address);
  hunter.send(encoded(1, "a"));
  await until(() => node.sink.taken.length === 1);
  node.door.closeListener();
  node.ingest.beginDrain();
  node.ingest.stopReading();
  node.done();
  node.ingest.endAll(statusOk);
  await hunter.waitEnd();
  expect(hunter.end?.code).toBe(0);
  expect(hunter.acks.length).toBe(1);
  hunter.close();
});
