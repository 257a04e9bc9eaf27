import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import type { TunnelRequest, TunnelResponse } from "../../../src/wire/tunnel.ts";
import { connect } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { frame, type OpenDoor, openDoor, RawCall } from "./open-door.ts";

const { tunnelUnreadMessagesMax: unreadMax } = limits;
const statusPath = "/lippycat.management.ManagementService/GetHunterStatus";
const registerPath = "/lippycat.management.ManagementService/RegisterHunter";
const heartbeatPath = "/lippycat.management.ManagementService/Heartbeat";
const bytes = (message: Buffer): Buffer => message;

let node: OpenDoor;
let client: grpc.Client;
let requests: TunnelRequest[];

beforeEach(async () => {
  node = await openDoor();
  client = connect(node.address);
  requests = [];
  node.control.on("message", (request: TunnelRequest) => requests.push(request));
});
afterEach(async () => {
  client.close();
  await node.close();
});

const answer = (response: TunnelResponse): void => node.control.postMessage(response);
const ofKind = <Kind extends TunnelRequest["kind"]>(kind: Kind) =>
  requests.filter((request): request is Extract<TunnelRequest, { kind: Kind }> => {
    return request.kind === kind;
  });

interface Heard {
  readonly call: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly messages: string[];
  status: grpc.StatusObject | undefined;
}

function beat(listen = true, metadata?: grpc.Metadata): Heard {
  const none = metadata as grpc.Metadata;
  const call = client.makeBidiStreamRequest(heartbeatPath, bytes, bytes, none);
  const heard: Heard = { call, messages: [], status: undefined };
  if (listen) call.on("data", (message: Buffer) => heard.messages.push(message.toString()));
  call.on("status", (status) => {
    heard.status = status;
  });
  call.on("error", () => {});
  return heard;
}

/** A whole call: whatever the shard had to post before is here when it is over. */
async function anotherCall(): Promise<void> {
  const cancels = ofKind("cancel").length;
  const { call } = beat();
  call.write(Buffer.from("other"));
  const sent = () =>
    ofKind("message").find(({ bytes: text }) => String(Buffer.from(text)) === "other");
  await until(() => sent() !== undefined);
  const id = sent()?.id;
  call.cancel();
  await until(() => ofKind("cancel").length > cancels);
  requests = requests.filter((request) => !("id" in request) || request.id !== id);
}

describe("the tunnel", () => {
  test("carries a call there and back with its path, peer, end and status", async () => {
    const heard = beat();
    heard.call.write(Buffer.from("one"));
    heard.call.write(Buffer.from("two"));
    heard.call.end();
    await until(() => ofKind("end").length === 1);
    expect(requests.map(({ kind }) => kind)).toEqual(["open", "message", "message", "end"]);
    const [open] = ofKind("open");
    expect(open?.path).toBe(heartbeatPath);
    expect(open?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(ofKind("message").map((message) => Buffer.from(message.bytes).toString())).toEqual([
      "one",
      "two",
    ]);
    const id = open?.id ?? 0;
    answer({ kind: "message", id, bytes: Buffer.from("yes") });
    answer({ kind: "status", id, code: 0, message: "" });
    await until(() => heard.status !== undefined);
    expect(heard.messages).toEqual(["yes"]);
    expect(heard.status?.code).toBe(0);
  });

  test("an error has its code and text, and the call's late messages are nobody's", async () => {
    const heard = beat();
    await until(() => requests.length === 1);
    answer({ kind: "status", id: 1, code: 8, message: "no more than 3 hunters – really" });
    answer({ kind: "message", id: 1, bytes: Buffer.from("late") });
    await until(() => heard.status !== undefined);
    expect(heard.status).toMatchObject({ code: 8, details: "no more than 3 hunters – really" });
    expect(ofKind("cancel")).toEqual([]);
  });

  test("a cancelled call is cancelled in control, once", async () => {
    const heard = beat();
    heard.call.write(Buffer.from("one"));
    await until(() => requests.length === 2);
    heard.call.cancel();
    await until(() => ofKind("cancel").length > 0);
    answer({ kind: "message", id: 1, bytes: Buffer.from("late") });
    const next = beat();
    await until(() => ofKind("open").length === 2);
    expect(ofKind("cancel").length).toBe(1);
    next.call.cancel();
  });

  test("a lost connection cancels all of its calls", async () => {
    const calls = [beat(), beat(), beat()];
    await until(() => ofKind("open").length === calls.length);
    client.close();
    for (const { call } of calls) call.cancel();
    await until(() => ofKind("cancel").length === calls.length);
  });

  test("control never has more unread messages of a call than the limit", async () => {
    const heard = beat();
    for (let sent = 0; sent < 200; sent++) heard.call.write(Buffer.from(`m${sent}`));
    let taken = 0;
    while (taken < 200) {
      await until(() => ofKind("message").length >= Math.min(200, taken + unreadMax));
      await anotherCall();
      expect(ofKind("message").length - taken).toBeLessThanOrEqual(unreadMax);
      const read = Math.min(5, ofKind("message").length - taken);
      taken += read;
      answer({ kind: "credit", id: 1, count: read });
    }
    const texts = ofKind("message").map((message) => Buffer.from(message.bytes).toString());
    expect(texts).toEqual(Array.from({ length: 200 }, (_, index) => `m${index}`));
    heard.call.cancel();
  });

  test("credit for the answers comes back only as the client reads them", async () => {
    const heard = beat(false);
    await until(() => requests.length === 1);
    const message = Buffer.alloc(1024 * 1024, 1);
    let sent = 0;
    let credit: number = unreadMax;
    const send = (): void => {
      for (; credit > 0; credit--) {
        answer({ kind: "message", id: 1, bytes: message });
        sent++;
      }
    };
    const given = (): number => ofKind("credit").reduce((sum, { count }) => sum + count, 0);
    send();
    for (let round = 0; round < 3; round++) await anotherCall();
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
    const heard = beat();
    heard.call.write(Buffer.from("small"));
    await until(() => ofKind("message").length === 1);
    expect(ofKind("message")[0]?.bytes.buffer.byteLength).toBe(5);
    heard.call.cancel();
  });

  test("a call that brings more bytes than all may leave unread is ended, and no other", async () => {
    const messageBytes = 1024 * 1024 - 300;
    const large = Buffer.alloc(messageBytes);
    const fits = Math.floor(limits.tunnelUnreadBytesMax / messageBytes);
    const others = Array.from({ length: Math.ceil(fits / unreadMax) }, () => beat());
    let left = fits;
    for (const { call } of others) {
      for (let count = Math.min(left, unreadMax); count > 0; count--, left--) call.write(large);
    }
    await until(() => ofKind("message").length === fits);
    const last = beat();
    last.call.write(large);
    await until(() => last.status !== undefined);
    expect(last.status?.code).toBe(8);
    await until(() => ofKind("cancel").length === 1);
    expect(others.every(({ status }) => status === undefined)).toBe(true);
    others[0]?.call.cancel();
    await until(() => ofKind("cancel").length === 2);
    const next = beat();
    next.call.write(large);
    await until(() => ofKind("message").length === fits + 1);
    for (const { call } of [...others, next]) call.cancel();
  });

  test("requests that come faster than answers are read end their call, and no other", async () => {
    const greedy = beat();
    const other = beat();
    await until(() => ofKind("open").length === 2);
    const message = Buffer.alloc(1000);
    for (let sent = 0; sent < 200; sent++) greedy.call.write(message);
    await until(() => greedy.status !== undefined);
    expect(greedy.status?.code).toBe(8);
    await until(() => ofKind("cancel").length === 1);
    expect(ofKind("message").length).toBe(unreadMax);
    expect(other.status).toBeUndefined();
    other.call.cancel();
  });

  test("answers that nobody reads cost the call that stands still for longest", async () => {
    const stuck = Array.from({ length: 6 }, () => beat(false));
    await until(() => ofKind("open").length === stuck.length);
    const messageBytes = 4 * 1024 * 1024;
    const fits = Math.floor(limits.tunnelUnreadAnswerBytesMax / messageBytes);
    // What a client has read before it was asked to is not unread.
    for (let sent = 0; sent < 3 * fits; sent++) {
      const id = 1 + (sent % stuck.length);
      answer({ kind: "message", id, bytes: Buffer.alloc(messageBytes) });
    }
    const reader = beat();
    await until(() => ofKind("open").length === stuck.length + 1);
    answer({ kind: "message", id: stuck.length + 1, bytes: Buffer.from("read") });
    await until(() => reader.messages.length === 1);
    expect(ofKind("cancel").length).toBeGreaterThan(0);
    await until(() => stuck.some(({ status }) => status !== undefined));
    expect(reader.status).toBeUndefined();
    for (const { call } of [...stuck, reader]) call.cancel();
  });

  test("an answer that is counted is acknowledged to control", async () => {
    const heard = beat();
    await until(() => requests.length === 1);
    answer({ kind: "message", id: 1, bytes: Buffer.alloc(limits.answerCountedBytesMin - 1) });
    answer({ kind: "message", id: 1, bytes: Buffer.alloc(limits.answerCountedBytesMin) });
    answer({ kind: "message", id: 99, bytes: Buffer.alloc(limits.answerCountedBytesMin + 1) });
    await until(() => ofKind("taken").length === 2);
    expect(ofKind("taken").map((taken) => taken.bytes)).toEqual([
      limits.answerCountedBytesMin,
      limits.answerCountedBytesMin + 1,
    ]);
    heard.call.cancel();
  });

  test("a request that does not come ends its call, and a heartbeat may be late", async () => {
    const unary = client.makeBidiStreamRequest(statusPath, bytes, bytes);
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
    const quiet = beat();
    await until(() => begun && ofKind("open").length === 1);
    node.skip(limits.tunnelStallMsMax);
    await until(() => late.status !== undefined);
    expect(late.status).toMatchObject({
      code: 4,
      details: `the request did not come within ${limits.tunnelStallMsMax / 1000} s`,
    });
    expect(quiet.status).toBeUndefined();
    quiet.call.cancel();
  });

  test("a message that does not come to its end gives its room back, of a stream that may be quiet", async () => {
    const call = new RawCall(node.address, undefined, heartbeatPath);
    const half = Buffer.alloc(limits.tunnelSmallMessageBytesMax);
    half.writeUInt32BE(limits.tunnelSmallMessageBytesMax + 1, 1);
    call.write(half);
    await until(() => requests.length === 1);
    await anotherCall();
    // Its time begins when it is first looked at, which is done once a second.
    await Bun.sleep(1100);
    node.skip(limits.tunnelStallMsMax - 5000);
    await anotherCall();
    expect(call.closed).toBe(false);
    node.skip(5000);
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe("4");
    call.close();
  });

  test("answers that are not read for long end their call", async () => {
    const session = http2.connect(`http://${node.address}`, { settings: { initialWindowSize: 0 } });
    const call = new RawCall(node.address, session, heartbeatPath);
    await until(() => requests.length === 1);
    answer({ kind: "message", id: 1, bytes: Buffer.from("unread") });
    await anotherCall();
    expect(call.closed).toBe(false);
    node.skip(limits.tunnelStallMsMax);
    await until(() => call.closed);
    expect(ofKind("cancel").length).toBe(1);
    expect(call.stream.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    call.close();
  });

  test("ends what is open when the node stops", async () => {
    const heard = beat();
    await until(() => requests.length === 1);
    void node.close();
    await until(() => heard.status !== undefined);
    expect(heard.status).toMatchObject({ code: 14, details: "the node stops" });
  });
});

describe("an RPC of one request and one answer", () => {
  interface Asked {
    readonly call: grpc.ClientUnaryCall;
    readonly answers: Buffer[];
    status: grpc.StatusObject | undefined;
  }

  function ask(message: Buffer, metadata = new grpc.Metadata()): Asked {
    const answers: Buffer[] = [];
    const call = client.makeUnaryRequest(
      registerPath,
      bytes,
      bytes,
      message,
      metadata,
      (_, value) => {
        if (value !== undefined) answers.push(value);
      },
    );
    const asked: Asked = { call, answers, status: undefined };
    call.on("status", (status) => {
      asked.status = status;
    });
    return asked;
  }
  const over = (asked: Asked) => until(() => asked.status !== undefined);
  const unaries = () => ofKind("unary");

  test("is one message each way, with its path, peer and headers", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("x-trace", "7");
    const asked = ask(Buffer.from("question"), metadata);
    await until(() => requests.length > 0);
    const [request] = unaries();
    expect(request).toMatchObject({ kind: "unary", path: registerPath });
    expect(request?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(request?.metadata).toContainEqual(["x-trace", "7"]);
    expect(Buffer.from(request?.bytes ?? "").toString()).toBe("question");
    expect(request?.bytes.buffer.byteLength).toBe(8);
    answer({ kind: "answer", id: 1, bytes: Buffer.from("yes"), code: 0, message: "" });
    await over(asked);
    expect([asked.status?.code, asked.answers.map(String)]).toEqual([0, ["yes"]]);
    expect(requests.length).toBe(1);
  });

  test("without a byte in it, both ways", async () => {
    const asked = ask(Buffer.alloc(0));
    await until(() => unaries().length === 1);
    expect(unaries()[0]?.bytes.length).toBe(0);
    answer({ kind: "answer", id: 1, bytes: new Uint8Array(0), code: 0, message: "" });
    await over(asked);
    expect([asked.status?.code, asked.answers.map(({ length }) => length)]).toEqual([0, [0]]);
  });

  test("that fails has its code and text, and no answer", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    answer({ kind: "answer", id: 1, code: 9, message: "not now – 100 %" });
    await over(asked);
    expect(asked.status).toMatchObject({ code: 9, details: "not now – 100 %" });
    expect([asked.answers, ofKind("cancel")]).toEqual([[], []]);
  });

  test("has a large answer whole, which is acknowledged to control", async () => {
    const sizes = [limits.answerCountedBytesMin - 1, limits.answerCountedBytesMin, 3_000_000];
    const asked = sizes.map(() => ask(Buffer.from("question")));
    await until(() => unaries().length === sizes.length);
    for (const [index, size] of sizes.entries()) {
      const body = Buffer.alloc(size, `answer ${index} `);
      answer({ kind: "answer", id: index + 1, bytes: body, code: 0, message: "" });
    }
    for (const [index, each] of asked.entries()) {
      await over(each);
      expect(each.status?.code).toBe(0);
      const body = Buffer.alloc(sizes[index] as number, `answer ${index} `);
      expect(each.answers[0]?.equals(body)).toBe(true);
    }
    await until(() => ofKind("taken").length === 2);
    expect(ofKind("taken").map((taken) => taken.bytes)).toEqual(sizes.slice(1));
    expect(ofKind("credit")).toEqual([]);
  });

  test("that is cancelled is cancelled in control, once, and its late answer is nobody's", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    asked.call.cancel();
    await until(() => ofKind("cancel").length === 1);
    answer({ kind: "answer", id: 1, bytes: Buffer.from("late"), code: 0, message: "" });
    const next = ask(Buffer.from("next"));
    await until(() => unaries().length === 2);
    answer({ kind: "answer", id: 2, bytes: Buffer.from("yes"), code: 0, message: "" });
    await over(next);
    expect([ofKind("cancel"), asked.answers]).toEqual([[{ kind: "cancel", id: 1 }], []]);
    expect(next.answers.map(String)).toEqual(["yes"]);
  });

  test("that is cancelled before its request is whole is nothing to control", async () => {
    const call = new RawCall(node.address, undefined, registerPath);
    call.write(frame(Buffer.from("question")).subarray(0, 9));
    await until(() => call.headers[":status"] === 200);
    call.stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => call.closed);
    await anotherCall();
    expect(requests).toEqual([]);
    call.close();
  });

  test("with no message or with two is INVALID_ARGUMENT", async () => {
    const two = Buffer.concat([frame(Buffer.from("one")), frame(Buffer.from("two"))]);
    for (const [body, text, cancels] of [
      [Buffer.alloc(0), "the RPC has no message", 0],
      [frame(Buffer.from("one")).subarray(0, 7), "the stream ended in the middle of a message", 0],
      [two, "the RPC has more than one message", 1],
    ] as const) {
      const call = new RawCall(node.address, undefined, registerPath);
      call.stream.end(body);
      await until(() => call.closed);
      expect([call.trailers["grpc-status"], call.trailers["grpc-message"]]).toEqual(["3", text]);
      expect(ofKind("cancel").length).toBe(cancels);
      call.close();
    }
  });

  test("whose answer is not read for long is ended", async () => {
    const session = http2.connect(`http://${node.address}`, { settings: { initialWindowSize: 0 } });
    const call = new RawCall(node.address, session, registerPath);
    call.stream.end(frame(Buffer.from("question")));
    await until(() => unaries().length === 1);
    answer({ kind: "answer", id: 1, bytes: Buffer.from("unread"), code: 0, message: "" });
    await anotherCall();
    expect(call.closed).toBe(false);
    node.skip(limits.tunnelStallMsMax);
    await until(() => call.closed);
    expect(call.stream.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(ofKind("cancel").filter(({ id }) => id === 1)).toEqual([]);
    call.close();
  });

  test("counts for what control has not read until it is answered", async () => {
    const message = Buffer.alloc(1024 * 1024 - 300);
    const fits = Math.floor(limits.tunnelUnreadBytesMax / message.length);
    const asked = Array.from({ length: fits }, () => ask(message));
    await until(() => unaries().length === fits);
    const tooMany = ask(message);
    await over(tooMany);
    expect(tooMany.status?.code).toBe(8);
    answer({ kind: "answer", id: 1, bytes: Buffer.from("yes"), code: 0, message: "" });
    await until(() => asked.some(({ status }) => status !== undefined));
    ask(message);
    await until(() => unaries().length === fits + 1);
    for (const { call } of asked) call.cancel();
  });

  test("ends when the node stops", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    void node.close();
    await over(asked);
    expect(asked.status).toMatchObject({ code: 14, details: "the node stops" });
  });
});
