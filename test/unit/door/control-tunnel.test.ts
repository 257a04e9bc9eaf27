import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import type * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import { until } from "../../support/record-in-process.ts";
import { RawCall } from "./open-door.ts";
import { bytes, heartbeatPath, TunnelBench } from "./tunnel-bench.ts";

const { tunnelUnreadMessagesMax: unreadMax } = limits;
const statusPath = "/lippycat.management.ManagementService/GetHunterStatus";

let bench: TunnelBench;
beforeEach(async () => {
  bench = await TunnelBench.open();
});
afterEach(() => bench.close());

describe("the tunnel", () => {
  test("carries a call there and back with its path, peer, end and status", async () => {
    const heard = bench.beat();
    heard.call.write(Buffer.from("one"));
    heard.call.write(Buffer.from("two"));
    heard.call.end();
    await until(() => bench.ofKind("end").length === 1);
    expect(bench.requests.map(({ kind }) => kind)).toEqual(["open", "message", "message", "end"]);
    const [open] = bench.ofKind("open");
    expect(open?.path).toBe(heartbeatPath);
    expect(open?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(bench.ofKind("message").map((message) => Buffer.from(message.bytes).toString())).toEqual(
      ["one", "two"],
    );
    const id = open?.id ?? 0;
    bench.answer({ kind: "message", id, bytes: Buffer.from("yes") });
    bench.answer({ kind: "status", id, code: 0, message: "" });
    await until(() => heard.status !== undefined);
    expect(heard.messages).toEqual(["yes"]);
    expect(heard.status?.code).toBe(0);
  });

  test("an error has its code and text, and the call's late messages are nobody's", async () => {
    const heard = bench.beat();
    await until(() => bench.requests.length === 1);
    bench.answer({ kind: "status", id: 1, code: 8, message: "no more than 3 hunters – really" });
    bench.answer({ kind: "message", id: 1, bytes: Buffer.from("late") });
    await until(() => heard.status !== undefined);
    expect(heard.status).toMatchObject({ code: 8, details: "no more than 3 hunters – really" });
    expect(bench.ofKind("cancel")).toEqual([]);
  });

  test("a cancelled call is cancelled in control, once", async () => {
    const heard = bench.beat();
    heard.call.write(Buffer.from("one"));
    await until(() => bench.requests.length === 2);
    heard.call.cancel();
    await until(() => bench.ofKind("cancel").length > 0);
    bench.answer({ kind: "message", id: 1, bytes: Buffer.from("late") });
    const next = bench.beat();
    await until(() => bench.ofKind("open").length === 2);
    expect(bench.ofKind("cancel").length).toBe(1);
    next.call.cancel();
  });

  test("a lost connection cancels all of its calls", async () => {
    const calls = [bench.beat(), bench.beat(), bench.beat()];
    await until(() => bench.ofKind("open").length === calls.length);
    bench.client.close();
    for (const { call } of calls) call.cancel();
    await until(() => bench.ofKind("cancel").length === calls.length);
  });

  test("control never has more unread messages of a call than the limit", async () => {
    const heard = bench.beat();
    for (let sent = 0; sent < 200; sent++) heard.call.write(Buffer.from(`m${sent}`));
    let taken = 0;
    while (taken < 200) {
      await until(() => bench.ofKind("message").length >= Math.min(200, taken + unreadMax));
      await bench.anotherRpc();
      expect(bench.ofKind("message").length - taken).toBeLessThanOrEqual(unreadMax);
      const read = Math.min(5, bench.ofKind("message").length - taken);
      taken += read;
      bench.answer({ kind: "credit", id: 1, count: read });
    }
    const texts = bench.ofKind("message").map((message) => Buffer.from(message.bytes).toString());
    expect(texts).toEqual(Array.from({ length: 200 }, (_, index) => `m${index}`));
    heard.call.cancel();
  });

  test("credit for the answers comes back only as the client reads them", async () => {
    const heard = bench.beat(false);
    await until(() => bench.requests.length === 1);
    const message = Buffer.alloc(1024 * 1024, 1);
    let sent = 0;
    let credit: number = unreadMax;
    const send = (): void => {
      for (; credit > 0; credit--) {
        bench.answer({ kind: "message", id: 1, bytes: message });
        sent++;
      }
    };
    const given = (): number => bench.ofKind("credit").reduce((sum, { count }) => sum + count, 0);
    send();
    for (let round = 0; round < 3; round++) await bench.anotherRpc();
    expect(given()).toBe(0);
    let read = 0;
    heard.call.on("data", () => {
      read++;
    });
    while (sent < 3 * unreadMax) {
      const before = sent;
      await until(() => given() + unreadMax > before);
      credit = given() + unreadMax - sent;
      send();
    }
    await until(() => read === sent);
    heard.call.cancel();
  });

  test("what is posted takes no more memory along than it has bytes", async () => {
    const heard = bench.beat();
    heard.call.write(Buffer.from("small"));
    await until(() => bench.ofKind("message").length === 1);
    expect(bench.ofKind("message")[0]?.bytes.buffer.byteLength).toBe(5);
    heard.call.cancel();
  });

  test("a call that brings more bytes than all may leave unread is ended, and no other", async () => {
    const messageBytes = 1024 * 1024 - 300;
    const large = Buffer.alloc(messageBytes);
    const fits = Math.floor(limits.tunnelUnreadBytesMax / messageBytes);
    const others = Array.from({ length: Math.ceil(fits / unreadMax) }, () => bench.beat());
    let left = fits;
    for (const { call } of others) {
      for (let count = Math.min(left, unreadMax); count > 0; count--, left--) call.write(large);
    }
    await until(() => bench.ofKind("message").length === fits);
    const last = bench.beat();
    last.call.write(large);
    await until(() => last.status !== undefined);
    expect(last.status?.code).toBe(8);
    await until(() => bench.ofKind("cancel").length === 1);
    expect(others.every(({ status }) => status === undefined)).toBe(true);
    others[0]?.call.cancel();
    await until(() => bench.ofKind("cancel").length === 2);
    const next = bench.beat();
    next.call.write(large);
    await until(() => bench.ofKind("message").length === fits + 1);
    for (const { call } of [...others, next]) call.cancel();
  });

  test("requests that come faster than answers are read end their call, and no other", async () => {
    const greedy = bench.beat();
    const other = bench.beat();
    await until(() => bench.ofKind("open").length === 2);
    const message = Buffer.alloc(1000);
    for (let sent = 0; sent < 200; sent++) greedy.call.write(message);
    await until(() => greedy.status !== undefined);
    expect(greedy.status?.code).toBe(8);
    await until(() => bench.ofKind("cancel").length === 1);
    expect(bench.ofKind("message").length).toBe(unreadMax);
    expect(other.status).toBeUndefined();
    other.call.cancel();
  });

  test("answers that nobody reads cost the call that stands still for longest", async () => {
    const stuck = Array.from({ length: 6 }, () => bench.beat(false));
    await until(() => bench.ofKind("open").length === stuck.length);
    const messageBytes = 4 * 1024 * 1024;
    const fits = Math.floor(limits.tunnelUnreadAnswerBytesMax / messageBytes);
    // What a client has read before it was asked to is not unread.
    for (let sent = 0; sent < 3 * fits; sent++) {
      const id = 1 + (sent % stuck.length);
      bench.answer({ kind: "message", id, bytes: Buffer.alloc(messageBytes) });
    }
    const reader = bench.beat();
    await until(() => bench.ofKind("open").length === stuck.length + 1);
    bench.answer({ kind: "message", id: stuck.length + 1, bytes: Buffer.from("read") });
    await until(() => reader.messages.length === 1);
    expect(bench.ofKind("cancel").length).toBeGreaterThan(0);
    await until(() => stuck.some(({ status }) => status !== undefined));
    expect(reader.status).toBeUndefined();
    for (const { call } of [...stuck, reader]) call.cancel();
  });

  test("an answer that is counted is acknowledged to control", async () => {
    const heard = bench.beat();
    await until(() => bench.requests.length === 1);
    bench.answer({ kind: "message", id: 1, bytes: Buffer.alloc(limits.answerCountedBytesMin - 1) });
    bench.answer({ kind: "message", id: 1, bytes: Buffer.alloc(limits.answerCountedBytesMin) });
    bench.answer({
      kind: "message",
      id: 99,
      bytes: Buffer.alloc(limits.answerCountedBytesMin + 1),
    });
    await until(() => bench.ofKind("taken").length === 2);
    expect(bench.ofKind("taken").map((taken) => taken.bytes)).toEqual([
      limits.answerCountedBytesMin,
      limits.answerCountedBytesMin + 1,
    ]);
    heard.call.cancel();
  });

  test("a request that does not come ends its call, and a heartbeat may be late", async () => {
    const unary = bench.client.makeBidiStreamRequest(statusPath, bytes, bytes);
    const late: { status: grpc.StatusObject | undefined } = { status: undefined };
    unary.on("error", () => {});
    unary.on("data", () => {});
    unary.on("status", (status) => {
      late.status = status;
    });
    let begun = false;
    unary.on("metadata", () => {
      begun = true;
    });
    const quiet = bench.beat();
    await until(() => begun && bench.ofKind("open").length === 1);
    bench.node.skip(limits.tunnelStallMsMax);
    await until(() => late.status !== undefined);
    expect(late.status).toMatchObject({
      code: 4,
      details: `the request did not come within ${limits.tunnelStallMsMax / 1000} s`,
    });
    expect(quiet.status).toBeUndefined();
    quiet.call.cancel();
  });

  test("a message that does not come to its end gives its room back, of a stream that may be quiet", async () => {
    const call = new RawCall(bench.node.address, undefined, heartbeatPath);
    const half = Buffer.alloc(limits.tunnelSmallMessageBytesMax);
    half.writeUInt32BE(limits.tunnelSmallMessageBytesMax + 1, 1);
    call.write(half);
    await until(() => bench.requests.length === 1);
    await bench.anotherRpc();
    // Its time begins when it is first looked at, which is done once a second.
    await Bun.sleep(1100);
    bench.node.skip(limits.tunnelStallMsMax - 5000);
    await bench.anotherRpc();
    expect(call.closed).toBe(false);
    bench.node.skip(5000);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("4");
    call.close();
  });

  test("answers that are not read for long end their call", async () => {
    const session = http2.connect(`http://${bench.node.address}`, {
      settings: { initialWindowSize: 0 },
    });
    const call = new RawCall(bench.node.address, session, heartbeatPath);
    await until(() => bench.requests.length === 1);
    bench.answer({ kind: "message", id: 1, bytes: Buffer.from("unread") });
    await bench.anotherRpc();
    expect(call.closed).toBe(false);
    bench.node.skip(limits.tunnelStallMsMax);
    await until(() => call.closed);
    expect(bench.ofKind("cancel").length).toBe(1);
    expect(call.stream.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    call.close();
  });

  test("ends what is open when the node stops", async () => {
    const heard = bench.beat();
    await until(() => bench.requests.length === 1);
    void bench.node.close();
    await until(() => heard.status !== undefined);
    expect(heard.status).toMatchObject({ code: 14, details: "the node stops" });
  });
});
