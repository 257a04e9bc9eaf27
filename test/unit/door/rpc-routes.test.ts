import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import type { TunnelRequest } from "../../../src/wire/tunnel.ts";
import { keyOfRole, rulesWithKeys } from "../../support/access-rules.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { streamPacketsPath } from "../../support/mock-hunter.ts";
import { subscribePacketsPath } from "../../support/mock-subscriber.ts";
import { until } from "../../support/record-in-process.ts";
import { frame, type OpenDoor, openDoor } from "./open-door.ts";

const topologyPath = "/lippycat.management.ManagementService/GetTopology";

let node: OpenDoor;
let session: http2.ClientHttp2Session;
let requests: TunnelRequest[];

beforeEach(async () => {
  node = await openDoor({ rules: rulesWithKeys("hunter", "subscriber") });
  session = http2.connect(`http://${node.address}`);
  requests = [];
  node.control.on("message", (request: TunnelRequest) => requests.push(request));
});
afterEach(async () => {
  session.destroy();
  await node.close();
});

function call(path: string, keys?: string | string[], timeout?: string) {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(keys === undefined ? {} : { "x-api-key": keys }),
    ...(timeout === undefined ? {} : { "grpc-timeout": timeout }),
  });
  const heard = { stream, status: "", bytes: 0, closed: false };
  const onHeaders = (headers: http2.IncomingHttpHeaders): void => {
    heard.status = String(headers["grpc-status"] ?? heard.status);
  };
  stream.on("response", onHeaders);
  stream.on("trailers", onHeaders);
  stream.on("data", (chunk: Buffer) => {
    heard.bytes += chunk.length;
  });
  stream.on("close", () => {
    heard.closed = true;
  });
  stream.on("error", () => {});
  return heard;
}

const ended = (heard: { status: string }) => until(() => heard.status !== "");
const batch = frame(encodeBatch({ hunterId: "h", packets: [{ data: Buffer.alloc(60) }] }));

describe("an RPC", () => {
  test("that may not be made takes nothing: no stream, no live view, no word to control", async () => {
    for (const path of [streamPacketsPath, subscribePacketsPath, topologyPath]) {
      const refused = call(path);
      refused.stream.write(path === streamPacketsPath ? batch : frame(Buffer.alloc(0)));
      await ended(refused);
      expect([path, refused.status]).toEqual([path, "16"]);
    }
    expect(node.ingest.streams.size).toBe(0);
    expect(node.ingest.received).toBe(0);
    expect(node.streams()).toBe(0);
    expect(requests).toEqual([]);
  });

  test("ends with the deadline of its client, whoever serves it", async () => {
    const hunter = keyOfRole("hunter");
    const subscriber = keyOfRole("subscriber");
    const stream = call(streamPacketsPath, hunter, "20m");
    const view = call(subscribePacketsPath, subscriber, "20000u");
    view.stream.write(frame(Buffer.alloc(0)));
    const unary = call(topologyPath, subscriber, "20m");
    unary.stream.write(frame(Buffer.alloc(0)));
    const endless = call(streamPacketsPath, hunter, "99999999H");
    for (const heard of [stream, view, unary]) await ended(heard);
    expect([stream, view, unary].map(({ status }) => status)).toEqual(["4", "4", "4"]);
    await until(() => requests.some(({ kind }) => kind === "cancel") && node.streams() === 1);
    expect(endless.status).toBe("");
    const odd = call(topologyPath, subscriber, "soon");
    await ended(odd);
    expect(odd.status).toBe("13");
  });

  test("that may be made has its caller with it, and not its key", async () => {
    const right = keyOfRole("subscriber");
    call(topologyPath, right).stream.write(frame(Buffer.alloc(0)));
    await until(() => requests.length > 0);
    expect(requests[0]).toMatchObject({
      kind: "unary",
      path: topologyPath,
      caller: { by: "key", name: "the subscriber", roles: ["subscriber"], hunterIds: [] },
    });
    expect(JSON.stringify(requests)).not.toContain(right);
  });

  test("shows the first of several keys", async () => {
    const [right, wrong] = [keyOfRole("hunter"), "wrong-wrong-wrong-wrong"];
    const first = call(streamPacketsPath, [right, wrong]);
    first.stream.write(batch);
    await until(() => node.sink.taken.length === 1);
    const second = call(streamPacketsPath, [wrong, right]);
    await ended(second);
    expect(second.status).toBe("16");
  });
});

describe("an open RPC whose key is gone", () => {
  test("ends with UNAUTHENTICATED: a packet stream after its acks, all others at once", async () => {
    const packets = call(streamPacketsPath, keyOfRole("hunter"));
    packets.stream.write(batch);
    const view = call(subscribePacketsPath, keyOfRole("subscriber"));
    view.stream.write(frame(Buffer.alloc(0)));
    const topology = call(topologyPath, keyOfRole("subscriber"));
    topology.stream.write(frame(Buffer.alloc(0)));
    await until(() => requests.length > 0 && node.sink.taken.length === 1);
    node.gate.setRules(rulesWithKeys("admin"));
    await ended(view);
    await ended(topology);
    expect([view.status, topology.status, packets.status]).toEqual(["16", "16", ""]);
    await until(() => requests.some(({ kind }) => kind === "cancel"));
    node.sink.finish();
    node.ingest.settle();
    await ended(packets);
    expect(packets.status).toBe("16");
    expect(packets.bytes).toBeGreaterThan(0);
    await until(() => packets.closed && view.closed && topology.closed);
    expect(node.streams()).toBe(0);
  });
});

describe("a request", () => {
  /** What it is answered with. */
  async function ask(headers: http2.OutgoingHttpHeaders, hasBody = true) {
    const heard = {
      headers: {} as Record<string, unknown>,
      text: "",
      stream: session.request(headers),
    };
    const { stream } = heard;
    for (const event of ["response", "trailers"]) {
      stream.on(event, (fields: object) => Object.assign(heard.headers, fields));
    }
    stream.on("data", (chunk: Buffer) => {
      heard.text += chunk.toString();
    });
    stream.on("error", () => {});
    if (hasBody) stream.end(Buffer.alloc(100_000));
    await until(() => stream.closed);
    return heard;
  }
  const rpc = { ":method": "POST", ":path": streamPacketsPath, "content-type": "application/grpc" };

  test("for a path that nobody serves is UNIMPLEMENTED, whatever comes with it", async () => {
    for (const path of ["/nobody/Knows", "/", "*", streamPacketsPath.toLowerCase()]) {
      const { headers } = await ask({ ...rpc, ":path": path });
      expect([headers[":status"], headers["grpc-status"]]).toEqual([200, "12"]);
      expect(headers["grpc-message"]).toBe(`${path} is not served by weir`);
    }
  });

  test("of another method is answered 405, with a few words and what is allowed", async () => {
    for (const method of ["GET", "PUT", "OPTIONS"]) {
      const { headers, text } = await ask({ ...rpc, ":method": method }, method !== "GET");
      expect([headers[":status"], headers["allow"]]).toEqual([405, "POST"]);
      expect(headers["grpc-status"]).toBe("12");
      expect(headers["content-type"]).toBe("text/plain");
      expect(text).toBe("Weir speaks gRPC: POST with content-type application/grpc.\n");
      expect(headers["content-length"]).toBe(String(text.length));
    }
    const head = await ask({ ":method": "HEAD", ":path": "/" }, false);
    expect([head.headers[":status"], head.text]).toEqual([405, ""]);
  });

  test("of another content-type, or of none, is answered 415", async () => {
    for (const type of ["text/plain", "application/json", "application/grpc-web", undefined]) {
      const { "content-type": _, ...bare } = rpc;
      const { headers, text } = await ask(
        type === undefined ? bare : { ...bare, "content-type": type },
      );
      expect([type, headers[":status"]]).toEqual([type, 415]);
      expect(text).toStartWith("Weir speaks gRPC");
    }
  });

  test("of gRPC may say how its messages are encoded", async () => {
    for (const type of ["application/grpc+proto", "application/grpc;charset=utf-8"]) {
      const { headers } = await ask({ ...rpc, "content-type": type });
      expect([headers[":status"], headers["grpc-status"]]).toEqual([200, "16"]);
    }
  });

  test("that is none ends neither its connection nor what else is open on it", async () => {
    const open = call(topologyPath, keyOfRole("subscriber"));
    open.stream.write(frame(Buffer.alloc(0)));
    for (let asked = 0; asked < 20; asked++) await ask({ ":method": "GET", ":path": "/" }, false);
    expect([session.closed, session.destroyed, open.closed]).toEqual([false, false, false]);
    expect(node.ingest.streams.size).toBe(0);
  });
});
