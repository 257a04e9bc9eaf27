/** The door as any HTTP/2 client meets it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import net from "node:net";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import { statusOk } from "../../../src/grpc/grpc-status.ts";
import type { TunnelRequest, TunnelResponse } from "../../../src/wire/tunnel.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { clientPreface, data, framesOf, headers, settings } from "../../support/http2-frames.ts";
import { connect, streamPacketsPath } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { frame, type OpenDoor, openDoor, RawCall } from "./open-door.ts";

const requestOf = (path: string) =>
  [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    ["content-type", "application/grpc"],
  ] as const;

/** The bytes as frames of the size that every peer takes. */
function dataFrames(streamId: number, bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_384) {
    frames.push(data(streamId, bytes.subarray(at, at + 16_384)));
  }
  return frames;
}

let node: OpenDoor;
beforeEach(async () => {
  node = await openDoor();
});
afterEach(() => node.close());

describe("an HTTP/2 client", () => {
  test("is told the number of streams and the size of headers; and the windows of streams", async () => {
    const session = http2.connect(`http://${node.address}`);
    let settings: http2.Settings = {};
    session.on("remoteSettings", (remote) => {
      settings = remote;
    });
    await until(() => settings.maxConcurrentStreams !== undefined);
    expect(settings.maxConcurrentStreams).toBe(limits.streamsPerConnectionMax);
    expect(settings.maxHeaderListSize).toBe(limits.headerBytesMax);
    expect(settings.initialWindowSize).toBe(limits.streamWindowBytesMin);
    session.destroy();
    await until(() => node.connections() === 0);
  });

  test("gets packet streams whatever subtype its content-type has", async () => {
    const session = http2.connect(`http://${node.address}`);
    const found: Record<string, unknown> = {};
    const stream = session.request({
      ":method": "POST",
      ":path": streamPacketsPath,
      "content-type": "application/grpc+proto",
    });
    stream.on("response", (headers) => Object.assign(found, headers));
    stream.on("trailers", (headers) => Object.assign(found, headers));
    stream.resume();
    stream.end();
    await until(() => stream.closed);
    expect([found["grpc-status"], found["grpc-accept-encoding"]]).toEqual(["0", "identity"]);
    session.destroy();
  });

  test("that pings every ten seconds or faster is tolerated, with and without streams", async () => {
    const session = http2.connect(`http://${node.address}`);
    let answered = 0;
    await until(() => !session.connecting);
    for (let ping = 0; ping < 20; ping++) {
      session.ping(() => {
        answered++;
      });
      await until(() => answered === ping + 1);
    }
    expect([session.closed, session.destroyed]).toEqual([false, false]);
    session.destroy();
  });

  test("a message above the limit of control RPCs is refused by its size", async () => {
    const client = connect(node.address);
    const bytes = (message: Buffer): Buffer => message;
    const path = "/lippycat.management.ManagementService/RegisterHunter";
    const failed = Promise.withResolvers<grpc.ServiceError | null>();
    const message = Buffer.alloc(1024 * 1024 + 1);
    client.makeUnaryRequest(path, bytes, bytes, message, (error) => failed.resolve(error));
    expect((await failed.promise)?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    client.close();
  });

  test("garbage instead of HTTP/2 ends its connection alone", async () => {
    for (const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0".repeat(5000), "PRI * HTTP/2.0"]) {
      let over = false;
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: node.port,
        socket: {
          data() {},
          close() {
            over = true;
          },
        },
      });
      socket.write(text);
      if (text.startsWith("PRI")) socket.end();
      await until(() => over || node.connections() === 0);
      socket.end();
    }
    const session = http2.connect(`http://${node.address}`);
    let answered = false;
    session.ping(() => {
      answered = true;
    });
    await until(() => answered);
    session.destroy();
    await until(() => node.connections() === 0);
  });
});

describe("windows", () => {
  test("a packet of the largest size passes those that every connection begins with", async () => {
    const packet = { data: Buffer.alloc(limits.packetBytesMax, 7) };
    const call = new RawCall(node.address);
    for (let sent = 0; sent < 5; sent++) {
      call.write(frame(encodeBatch({ hunterId: "h", packets: [packet, packet] })));
    }
    await until(() => node.sink.taken.length === 10);
    call.close();
  });

  test("a packet stream that is not read leaves the others of its connection theirs", async () => {
    node.sink.room = 0;
    const requests: TunnelRequest[] = [];
    node.control.on("message", (request: TunnelRequest) => requests.push(request));
    // Frames of its own: the client of Bun keeps the frames of all streams while one has no window.
    const socket = net.connect(node.port, "127.0.0.1");
    let received = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
    });
    const batch = frame(encodeBatch({ packets: [{ data: Buffer.alloc(40_000) }] }));
    const window = Buffer.concat([batch, batch, batch, batch]).subarray(
      0,
      limits.streamWindowBytesMin,
    );
    socket.write(Buffer.concat([Buffer.from(clientPreface), settings()]));
    socket.write(
      Buffer.concat([headers(1, requestOf(streamPacketsPath)), ...dataFrames(1, window)]),
    );
    await until(() => node.ingest.received === 1);
    socket.write(headers(3, requestOf("/lippycat.management.ManagementService/Heartbeat")));
    for (let beat = 1; beat <= 20; beat++) {
      const bytes = Buffer.alloc(10_000, beat);
      socket.write(Buffer.concat(dataFrames(3, frame(bytes))));
      await until(() => requests.filter(({ kind }) => kind === "message").length === beat);
      for (const response of [
        { kind: "credit", id: 1, count: 1 },
        { kind: "message", id: 1, bytes: Buffer.from("beat") },
      ] satisfies TunnelResponse[]) {
        node.control.postMessage(response);
      }
      const answers = () =>
        framesOf(received).frames.filter(({ type, streamId }) => type === 0 && streamId === 3);
      await until(() => answers().length === beat);
    }
    // Of the packet stream no more was given back than came before its reader stood still.
    const given = framesOf(received)
      .frames.filter(({ type, streamId }) => type === 8 && streamId === 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    expect(given).toBeLessThanOrEqual(batch.length);
    expect(node.ingest.received).toBe(1);
    socket.destroy();
  });
});

describe("a door that leaves", () => {
  test("tells its clients, lets open RPCs go on, and takes no new connection", async () => {
    const call = new RawCall(node.address);
    const codes: number[] = [];
    call.session.on("goaway", (code: number) => codes.push(code));
    await until(() => call.headers[":status"] === 200);
    node.door.closeListener();
    await until(() => codes.length === 1);
    expect([codes, call.closed]).toEqual([[0], false]);
    const refused = http2.connect(`http://${node.address}`);
    let error = "";
    refused.on("error", (thrown: Error & { code?: string }) => {
      error = thrown.code ?? "";
    });
    await until(() => error !== "");
    expect(error).toBe("ECONNREFUSED");
    call.stream.end();
    await until(() => call.trailers["grpc-status"] === "0");
    await node.close();
    await until(() => node.connections() === 0);
    call.close();
  });

  test("knows that a message is on its way, and not one that it keeps waiting itself", async () => {
    const batch = frame(encodeBatch({ hunterId: "h", packets: [{ data: Buffer.alloc(1000) }] }));
    const call = new RawCall(node.address);
    call.write(batch, batch.subarray(0, 500));
    await until(() => node.sink.taken.length === 1 && node.door.isReceiving);
    call.write(batch.subarray(500));
    await until(() => node.sink.taken.length === 2 && !node.door.isReceiving);
    node.sink.room = 0;
    call.write(batch, batch, batch.subarray(0, 500));
    await until(() => node.ingest.received === 3);
    expect(node.door.isReceiving).toBe(false);
    call.close();
  });

  test("a client that sends on, and reads late, hears how its RPC ended and that all is over", async () => {
    const socket = net.connect(node.port, "127.0.0.1").pause();
    let error = "";
    let received = Buffer.alloc(0);
    socket.on("error", (thrown: Error & { code?: string }) => {
      error = thrown.code ?? thrown.message;
    });
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
    });
    socket.write(Buffer.concat([Buffer.from(clientPreface), settings()]));
    socket.write(headers(1, requestOf(streamPacketsPath)));
    await until(() => node.streams() === 1);
    node.door.closeListener();
    node.ingest.endAll(statusOk);
    const over = node.door.close(1000);
    // Its stream is over, and nothing of this is wanted.
    for (let sent = 0; sent < 200; sent++) socket.write(data(1, Buffer.alloc(16_000)));
    await Bun.sleep(200);
    socket.resume();
    await until(() => socket.closed);
    await over;
    expect(error).toBe("");
    const { frames, rest } = framesOf(received);
    expect(rest).toBe(0);
    const trailers = frames.find(({ type, flags }) => type === 1 && (flags & 1) !== 0);
    expect(trailers?.payload.toString("latin1")).toContain("grpc-status");
    expect(frames.at(-1)?.type).toBe(7);
  });
});
