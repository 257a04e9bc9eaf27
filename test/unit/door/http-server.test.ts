import { describe, expect, test } from "bun:test";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../../../src/config/limits.ts";
import { FrameMeter } from "../../../src/door/frame-meter.ts";
import { createGrpcServer } from "../../../src/door/http-server.ts";
import { RpcQueue } from "../../../src/door/rpc-queue.ts";
import { connect, streamPacketsPath } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { openDoor } from "./open-door.ts";

const options = {
  messageBytesMax: 1024,
  hotPaths: new Map([[streamPacketsPath, () => {}]]),
  onSession: () => {},
  onRpc: () => {},
  queue: new RpcQueue({ now: () => 0, drop: () => {} }),
};

describe("what the door uses of grpc-js without a promise", () => {
  test("is there in a plain server of this version", () => {
    const plain = new grpc.Server() as unknown as Record<string, unknown>;
    expect(plain["commonServerOptions"]).toBeObject();
    expect(plain["createHttp2Server"]).toBeFunction();
    const create = plain["createHttp2Server"] as (c: grpc.ServerCredentials) => http2.Http2Server;
    const http = create.call(plain, grpc.ServerCredentials.createInsecure());
    expect(http.listeners("stream").length).toBe(1);
    expect(http.listeners("session").length).toBeGreaterThan(0);
    http.close();
  });

  test("is set by the door's server", () => {
    const server = createGrpcServer(options) as unknown as {
      commonServerOptions: { settings: Record<string, number> };
    };
    expect(server.commonServerOptions.settings).toEqual({
      initialWindowSize: limits.streamWindowBytes,
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
    });
  });
});

describe("an HTTP/2 client", () => {
  test("is told the windows and the number of streams", async () => {
    const node = await openDoor();
    const session = http2.connect(`http://${node.address}`);
    let settings: http2.Settings = {};
    session.on("remoteSettings", (remote) => {
      settings = remote;
    });
    await until(() => settings.initialWindowSize !== undefined);
    expect(settings.initialWindowSize).toBe(limits.streamWindowBytes);
    expect(settings.maxConcurrentStreams).toBe(limits.streamsPerConnectionMax);
    session.destroy();
    await until(() => node.connections() === 0);
    await node.close();
  });

  test("has each of its calls counted, whoever serves it, before it flows", async () => {
    const meter = new FrameMeter({ received: () => undefined, nowMs: 0 });
    const server = createGrpcServer({ ...options, onRpc: (_, stream) => meter.add(stream) });
    const inner = server as unknown as {
      createHttp2Server(credentials: grpc.ServerCredentials): http2.Http2Server;
    };
    const http = inner.createHttp2Server(grpc.ServerCredentials.createInsecure());
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    const { port } = http.address() as AddressInfo;
    const session = http2.connect(`http://127.0.0.1:${port}`);
    for (const path of [streamPacketsPath, "/nobody/Knows"]) {
      const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
      const stream = session.request(headers);
      stream.on("error", () => {});
      stream.resume();
      stream.end(Buffer.alloc(1000));
    }
    await until(() => meter.carried === 2000);
    session.destroy();
    http.close();
  });

  test("gets packet streams from us and everything else from grpc-js", async () => {
    const node = await openDoor();
    const session = http2.connect(`http://${node.address}`);
    const ask = async (path: string, type: string): Promise<Record<string, unknown>> => {
      const found: Record<string, unknown> = {};
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": type });
      stream.on("response", (headers) => Object.assign(found, headers));
      stream.on("trailers", (headers) => Object.assign(found, headers));
      stream.on("error", () => {});
      stream.resume();
      stream.end();
      await until(() => stream.closed);
      return found;
    };
    const hot = await ask(streamPacketsPath, "application/grpc+proto");
    expect([hot["grpc-status"], hot["grpc-accept-encoding"]]).toEqual(["0", "identity"]);
    expect((await ask(streamPacketsPath, "text/plain"))[":status"]).toBe(415);
    expect((await ask("/nobody/Knows", "application/grpc"))["grpc-status"]).toBe("12");
    session.destroy();
    await node.close();
  });

  test("that pings every ten seconds or faster is tolerated, with and without streams", async () => {
    const node = await openDoor();
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
    await node.close();
  });

  test("a message above the limit of control calls is refused by its size", async () => {
    const node = await openDoor();
    const client = connect(node.address);
    const bytes = (message: Buffer): Buffer => message;
    const path = "/lippycat.management.ManagementService/RegisterHunter";
    const failed = Promise.withResolvers<grpc.ServiceError | null>();
    const message = Buffer.alloc(1024 * 1024 + 1);
    client.makeUnaryRequest(path, bytes, bytes, message, (error) => failed.resolve(error));
    expect((await failed.promise)?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    client.close();
    await node.close();
  });

  test("garbage instead of HTTP/2 ends its connection alone", async () => {
    const node = await openDoor();
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
    await node.close();
  });
});
