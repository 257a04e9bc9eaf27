/** What a hunt says when something else than a processor is at the address it was given. */
import { afterAll, expect, test } from "bun:test";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { status } from "@grpc/grpc-js";
import { rpcReason } from "../../../src/grpc/rpc-reason.ts";
import { numberedPcap } from "./capture-files.ts";
import { captureFile, removeCaptureFiles, startHunt } from "./hunt-harness.ts";

afterAll(removeCaptureFiles);
const host = "127.0.0.1";

function http2Server(code: number): net.Server {
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ":status": code, "content-type": "text/html" });
    stream.end("not found");
  });
  return server;
}

const noGrpc = "the program there does not speak gRPC (HTTP/2)";
const servers: [string, () => net.Server, string][] = [
  ["a web server", () => http.createServer((_, answer) => answer.end("hello")), noGrpc],
  ["an SSH server", () => net.createServer((socket) => socket.write("SSH-2.0-x\r\n")), noGrpc],
  [
    "a web server with HTTP/2",
    () => http2Server(404),
    "the program there answers with HTTP status 404",
  ],
  ["a server that hangs up", () => net.createServer((socket) => socket.end()), "it closes"],
];

test.each(servers)("%s: said once, in words, while it tries again", async (_, create, words) => {
  const sockets = new Set<net.Socket>();
  const server = create().on("connection", (socket: net.Socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, host, resolve);
  await listening;
  const { port } = server.address() as net.AddressInfo;
  const read = captureFile(numberedPcap(3));
  const hunt = startHunt({ read, processor: { host, port } }, { stopMsMax: 1 });
  const attempts = (): number => hunt.lines.filter((line) => line.includes("next attempt")).length;
  while (attempts() < 5) await Bun.sleep(2);
  hunt.signal("SIGTERM");
  expect(await hunt.exitCode).toBe(75);
  const told = hunt.lines.filter((line) => line.includes("cannot reach"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`cannot reach ${host}:${port}: ${words}`);
  expect(told[0]).toEndWith("; retrying until a node answers");
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("the time of an attempt is no part of its reason", () => {
  const details = (second: string): string =>
    `No connection established. Last error: something new (2026-01-02T03:04:0${second}.678Z). Resolution note: `;
  const [first, later] = ["5", "6"].map((s) => rpcReason(status.UNAVAILABLE, details(s)));
  expect(first).toBe("UNAVAILABLE: something new");
  expect(later).toBe("UNAVAILABLE: something new");
});
