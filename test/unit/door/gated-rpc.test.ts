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

function call(path: string, keys?: string | string[]) {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(keys === undefined ? {} : { "x-api-key": keys }),
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

describe("a call", () => {
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

  test("that may be made has its caller with it, and not its key", async () => {
    const right = keyOfRole("subscriber");
    call(topologyPath, right).stream.write(frame(Buffer.alloc(0)));
    await until(() => requests.length > 0);
    expect(requests[0]).toMatchObject({
      kind: "open",
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

describe("an open call whose key is gone", () => {
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
