/** The door as any HTTP/2 client meets it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import net from "node:net";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import { statusOk } from "../../../src/ingest/stream-port.ts";
import { clientPreface, data, framesOf, headers, settings } from "../../support/http2-frames.ts";
import { connect, streamPacketsPath } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenDoor, openDoor, RawCall } from "./open-door.ts";

let node: OpenDoor;
beforeEach(async () => {
  node = await openDoor();
});
afterEach(() => node.close());

describe("an HTTP/2 client", () => {
  test("is told the number of streams and the size of headers; windows are as RFC 9113 begins them", async () => {
    const session = http2.connect(`http://${node.address}`);
    let settings: http2.Settings = {};
    session.on("remoteSettings", (remote) => {
      settings = remote;
    });
    await until(() => settings.maxConcurrentStreams !== undefined);
    expect(settings.maxConcurrentStreams).toBe(limits.streamsPerConnectionMax);
    expect(settings.maxHeaderListSize).toBe(limits.headerBytesMax);
    expect(settings.initialWindowSize).toBe(65_535);
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
    const request = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", streamPacketsPath],
      ["content-type", "application/grpc"],
    ] as const;
    socket.write(Buffer.concat([Buffer.from(clientPreface), settings(), headers(1, request)]));
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
