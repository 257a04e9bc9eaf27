/**
 * The client of `weir hunt` against nghttpd, a web server that knows HTTP/2 and no gRPC: each RPC ends with
 * a status that says so, however much was sent.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { Http2Channel } from "../../src/dial/http2-channel.ts";
import { type GrpcStatus, grpcCode } from "../../src/grpc/grpc-status.ts";
import { rpcReason } from "../../src/grpc/rpc-reason.ts";
import { scratchDirectory, until, WeirProcess } from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

/** Debian has it where not every user's PATH leads. */
const program = Bun.which("nghttpd", { PATH: `${process.env["PATH"]}:/usr/sbin` });
if (program === null) console.log("skipped: nghttpd (it is not installed: nghttp2-server)");

const host = "127.0.0.1";
const directory = scratchDirectory();
let server: Bun.Subprocess | undefined;
let port = 0;

/** A port that was free a moment ago: nghttpd does not tell which one it took. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const holder = net.createServer().listen(0, host, () => {
    const { port: free } = holder.address() as net.AddressInfo;
    holder.close(() => resolve(free));
  });
  return promise;
}

async function listens(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(port, host, () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

beforeAll(async () => {
  if (program === null) return;
  writeFileSync(join(directory, "page"), "a page");
  port = await freePort();
  const flags = ["--no-tls", `--address=${host}`, `--htdocs=${directory}`, String(port)];
  server = Bun.spawn([program, ...flags], { stdout: "ignore", stderr: "inherit" });
  await until(listens);
});
afterAll(() => {
  server?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** The status of one RPC that sends so many bytes and half-closes. */
async function call(path: string, bytes: number): Promise<GrpcStatus> {
  const now = systemClock.monotonicMs;
  const endpoint = { host, port };
  const channel = await Http2Channel.connect({ endpoint, tls: undefined, apiKey: "", now });
  const { promise, resolve } = Promise.withResolvers<GrpcStatus>();
  const onMessage = () => {};
  const rpc = channel.open({ path, messageBytesMax: 1024, onMessage, onStatus: resolve });
  if (bytes > 0) rpc.write(Buffer.alloc(bytes));
  rpc.halfClose();
  return promise.finally(() => channel.close());
}

describe.skipIf(program === null)("nghttpd", () => {
  // The last is more than all windows take.
  const bodies = [0, 5, 10_000_000];

  test.each(bodies)("has no such service, whose RPC sends %d bytes", async (bytes) => {
    const { code, message } = await call("/lippycat.data.DataService/StreamPackets", bytes);
    expect({ code, message }).toEqual({
      code: grpcCode.unimplemented,
      message: "Received HTTP status code 404 (content-type text/html; charset=UTF-8)",
    });
    expect(rpcReason(code, message)).toBe(
      "the program there answers with HTTP status 404, like a web server, not with gRPC",
    );
  });

  test.each(bodies)("answers with a page, to an RPC that sends %d bytes", async (bytes) => {
    const { code, message } = await call("/page", bytes);
    expect(code).toBe(grpcCode.unknown);
    expect(message).toStartWith("Received HTTP status code 200 (content-type ");
  });

  test("is told to who hunts, once", async () => {
    const read = join(directory, "input.pcap");
    writeFileSync(read, numberedPcap(3));
    const flags = ["--log-format", "json", "--log-level", "debug", "--read", read];
    const hunt = new WeirProcess(["hunt", "--insecure", "-P", `${host}:${port}`, ...flags]);
    const retries = () => hunt.lines.filter(({ event }) => event === "hunt-retry").length;
    await until(() => retries() >= 2);
    hunt.kill("SIGKILL");
    await hunt.ended;
    const told = hunt.lines.filter(({ level }) => level === "warn");
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain("answers with HTTP status 404, like a web server");
  });
});
