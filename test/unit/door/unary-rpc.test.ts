import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import { until } from "../../support/record-in-process.ts";
import { frame, RawCall } from "./open-door.ts";
import { bytes, TunnelBench } from "./tunnel-bench.ts";

const registerPath = "/lippycat.management.ManagementService/RegisterHunter";

let bench: TunnelBench;
beforeEach(async () => {
  bench = await TunnelBench.open();
});
afterEach(() => bench.close());

describe("an RPC of one request and one answer", () => {
  interface Asked {
    readonly call: grpc.ClientUnaryCall;
    readonly answers: Buffer[];
    status: grpc.StatusObject | undefined;
  }

  function ask(message: Buffer, metadata = new grpc.Metadata()): Asked {
    const answers: Buffer[] = [];
    const call = bench.client.makeUnaryRequest(
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
  const unaries = () => bench.ofKind("unary");

  test("is one message each way, with its path, peer and headers", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("x-trace", "7");
    const asked = ask(Buffer.from("question"), metadata);
    await until(() => bench.requests.length > 0);
    const [request] = unaries();
    expect(request).toMatchObject({ kind: "unary", path: registerPath });
    expect(request?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(request?.metadata).toContainEqual(["x-trace", "7"]);
    expect(Buffer.from(request?.bytes ?? "").toString()).toBe("question");
    expect(request?.bytes.buffer.byteLength).toBe(8);
    bench.answer({ kind: "answer", id: 1, bytes: Buffer.from("yes"), code: 0, message: "" });
    await over(asked);
    expect([asked.status?.code, asked.answers.map(String)]).toEqual([0, ["yes"]]);
    expect(bench.requests.length).toBe(1);
  });

  test("without a byte in it, both ways", async () => {
    const asked = ask(Buffer.alloc(0));
    await until(() => unaries().length === 1);
    expect(unaries()[0]?.bytes.length).toBe(0);
    bench.answer({ kind: "answer", id: 1, bytes: new Uint8Array(0), code: 0, message: "" });
    await over(asked);
    expect([asked.status?.code, asked.answers.map(({ length }) => length)]).toEqual([0, [0]]);
  });

  test("that fails has its code and text, and no answer", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    bench.answer({ kind: "answer", id: 1, code: 9, message: "not now – 100 %" });
    await over(asked);
    expect(asked.status).toMatchObject({ code: 9, details: "not now – 100 %" });
    expect([asked.answers, bench.ofKind("cancel")]).toEqual([[], []]);
  });

  test("has a large answer whole, which is acknowledged to control", async () => {
    const sizes = [limits.answerCountedBytesMin - 1, limits.answerCountedBytesMin, 3_000_000];
    const asked = sizes.map(() => ask(Buffer.from("question")));
    await until(() => unaries().length === sizes.length);
    for (const [index, size] of sizes.entries()) {
      const body = Buffer.alloc(size, `answer ${index} `);
      bench.answer({ kind: "answer", id: index + 1, bytes: body, code: 0, message: "" });
    }
    for (const [index, each] of asked.entries()) {
      await over(each);
      expect(each.status?.code).toBe(0);
      const body = Buffer.alloc(sizes[index] as number, `answer ${index} `);
      expect(each.answers[0]?.equals(body)).toBe(true);
    }
    await until(() => bench.ofKind("taken").length === 2);
    expect(bench.ofKind("taken").map((taken) => taken.bytes)).toEqual(sizes.slice(1));
    expect(bench.ofKind("credit")).toEqual([]);
  });

  test("that is cancelled is cancelled in control, once, and its late answer is nobody's", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    asked.call.cancel();
    await until(() => bench.ofKind("cancel").length === 1);
    bench.answer({ kind: "answer", id: 1, bytes: Buffer.from("late"), code: 0, message: "" });
    const next = ask(Buffer.from("next"));
    await until(() => unaries().length === 2);
    bench.answer({ kind: "answer", id: 2, bytes: Buffer.from("yes"), code: 0, message: "" });
    await over(next);
    expect([bench.ofKind("cancel"), asked.answers]).toEqual([[{ kind: "cancel", id: 1 }], []]);
    expect(next.answers.map(String)).toEqual(["yes"]);
  });

  test("that is cancelled before its request is whole is nothing to control", async () => {
    const call = new RawCall(bench.node.address, undefined, registerPath);
    call.write(frame(Buffer.from("question")).subarray(0, 9));
    await until(() => call.headers[":status"] === 200);
    call.stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => call.closed);
    await bench.anotherRpc();
    expect(bench.requests).toEqual([]);
    call.close();
  });

  test("with no message or with two is INVALID_ARGUMENT", async () => {
    const two = Buffer.concat([frame(Buffer.from("one")), frame(Buffer.from("two"))]);
    for (const [body, text, cancels] of [
      [Buffer.alloc(0), "the RPC has no message", 0],
      [frame(Buffer.from("one")).subarray(0, 7), "the stream ended in the middle of a message", 0],
      [two, "the RPC has more than one message", 1],
    ] as const) {
      const call = new RawCall(bench.node.address, undefined, registerPath);
      call.stream.end(body);
      await until(() => call.closed);
      expect([call.trailers["grpc-status"], call.trailers["grpc-message"]]).toEqual(["3", text]);
      await until(() => bench.ofKind("cancel").length === cancels);
      call.close();
    }
  });

  test("whose answer is not read for long is ended", async () => {
    const session = http2.connect(`http://${bench.node.address}`, {
      settings: { initialWindowSize: 0 },
    });
    const call = new RawCall(bench.node.address, session, registerPath);
    call.stream.end(frame(Buffer.from("question")));
    await until(() => unaries().length === 1);
    bench.answer({ kind: "answer", id: 1, bytes: Buffer.from("unread"), code: 0, message: "" });
    await bench.anotherRpc();
    expect(call.closed).toBe(false);
    bench.node.skip(limits.tunnelStallMsMax);
    await until(() => call.closed);
    expect(call.stream.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(bench.ofKind("cancel").filter(({ id }) => id === 1)).toEqual([]);
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
    bench.answer({ kind: "answer", id: 1, bytes: Buffer.from("yes"), code: 0, message: "" });
    await until(() => asked.some(({ status }) => status !== undefined));
    ask(message);
    await until(() => unaries().length === fits + 1);
    for (const { call } of asked) call.cancel();
  });

  test("ends when the node stops", async () => {
    const asked = ask(Buffer.from("question"));
    await until(() => unaries().length === 1);
    void bench.node.close();
    await over(asked);
    expect(asked.status).toMatchObject({ code: 14, details: "the node stops" });
  });
});
