/** The door as any HTTP/2 client meets it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
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
});
