/** What a node makes of its connections: hunters of any build, strangers, and clients of tomorrow. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { ProcessorStatus } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { endOfCall } from "../support/any-call.ts";
import { encodeBatch } from "../support/encode-batch.ts";
import { failureOf } from "../support/filter-client.ts";
import { ManagementClient } from "../support/management-client.ts";
import { MockHunter, streamPacketsPath } from "../support/mock-hunter.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { framed, RawConnection } from "../support/raw-connection.ts";
import { connectAcrossShards, workerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const unimplemented = 12;
const resourceExhausted = 8;
const invalidArgument = 3;

/** Sends `bytes` and resolves with what came back when the node closes the connection. */
function speak(port: number, bytes: string | Uint8Array): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve(answer));
  socket.on("end", () => socket.destroy());
  return promise;
}

const strangers: Record<string, string | Uint8Array> = {
  "HTTP/1.1": "GET / HTTP/1.1\r\nHost: weir\r\n\r\n",
  "an HTTP/2 upgrade":
    "GET / HTTP/1.1\r\nHost: weir\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
  "a TLS greeting": Buffer.concat([
    Buffer.from([0x16, 0x03, 0x01, 0x00, 0xc4, 0x01, 0x00, 0x00, 0xc0, 0x03, 0x03]),
    Buffer.alloc(189, 0x5a),
  ]),
  garbage: Buffer.alloc(4096, 0xa7),
  "a preface and garbage": Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Buffer.alloc(256, 0xff),
  ]),
};

describe.each([...workerCounts])("connections with --workers %d", (workers) => {
  let node: RunningProcessor;
  let bystanders: MockHunter[] = [];
  let bystanding = 0;

  beforeAll(async () => {
    const file = join(scratchDirectory(), "connections.pcapng");
    node = await startProcessor(["--workers", String(workers), "-w", file, "-m", "3"]);
    bystanders = await connectAcrossShards(node, 3);
  });

  afterAll(() => {
    for (const hunter of bystanders) hunter.close();
    node.kill("SIGKILL");
  });

  async function bystandersGoOn(): Promise<void> {
    bystanding++;
    const packets = [{ data: new Uint8Array(60) }];
    for (const hunter of bystanders) hunter.send(encodeBatch({ hunterId: "bystander", packets }));
    await Promise.all(bystanders.map((hunter) => hunter.waitAcks(bystanding)));
  }

  test.each(Object.entries(strangers))("%s is turned away at once", async (_name, bytes) => {
    expect(await speak(node.port, bytes)).not.toContain("HTTP/1.1 200");
    await bystandersGoOn();
  });

  test("pings are answered, with streams and without", async () => {
    const connection = new RawConnection(node.address);
    for (let ping = 0; ping < 50; ping++) await connection.ping();
    const call = connection.call();
    call.write(framed(encodeBatch({ packets: [], sequence: 1n })));
    for (let ping = 0; ping < 50; ping++) await connection.ping();
    call.halfClose(framed(encodeBatch({ packets: [], sequence: 2n })));
    expect((await call.waitEnd()).code).toBe(0);
    expect(call.acks.map(({ sequence }) => sequence)).toEqual([1n, 2n]);
    for (let ping = 0; ping < 50; ping++) await connection.ping();
    expect(connection.closed).toBe(false);
    connection.close();
  });

  test.each([
    ["/lippycat.data.DataService/NoSuchMethod", /NoSuchMethod/],
    ["/no.such.Service/Method", /no\.such\.Service/],
    ["/lippycat.monitoring.MonitoringService/NoSuchMethod", /NoSuchMethod/],
    ["/lippycat.management.ManagementService/NoSuchMethod", /NoSuchMethod/],
  ] as const)("%s is not implemented, and says so", async (path, says) => {
    const connection = new RawConnection(node.address);
    const call = connection.call(path);
    call.halfClose(framed(new Uint8Array(0)));
    const end = await call.waitEnd();
    expect(end.code).toBe(unimplemented);
    expect(end.details).toMatch(says);
    connection.close();
  });

  test("a call that is no gRPC is told so", async () => {
    const connection = new RawConnection(node.address);
    const text = connection.call(streamPacketsPath, { "content-type": "text/plain" });
    const get = connection.call(streamPacketsPath, { ":method": "GET" });
    for (const call of [text, get]) call.halfClose();
    await text.waitEnd();
    expect(text.httpStatus).toBe(415);
    expect((await get.waitEnd()).code).toBe(unimplemented);
    connection.close();
    await bystandersGoOn();
  });

  test("a hunter has one connection for packets and one for management", async () => {
    const management = new ManagementClient(node.address);
    const answer = await management.register({ hunterId: "edge", hostname: "10.0.0.7" });
    expect(answer).toMatchObject({ accepted: true, assignedId: "edge", error: "" });
    expect(answer.config).toMatchObject({ batchSize: 64, batchTimeoutMs: 100 });
    const connection = new RawConnection(node.address);
    const filters = connection.call("/lippycat.management.ManagementService/SubscribeFilters");
    filters.halfClose(framed(new Uint8Array(0)));
    const data = new MockHunter(node.address);
    const fields = { hunterId: "edge", hunter: 9, first: 0, packets: 64 };
    for (const sequence of [1, 2, 3]) data.send(numberedBatch({ ...fields, sequence }));
    await data.waitAcks(3);
    for (const timestampNs of [7n, 1n << 62n, -1n]) {
      const beat = await management.heartbeat({ hunterId: "edge", timestampNs });
      expect(beat.timestampNs).toBe(timestampNs);
      expect(beat.status).toBe(ProcessorStatus.PROCESSOR_HEALTHY);
      expect(beat.huntersConnected).toBeGreaterThan(0);
      expect(beat.processorId).toBe(answer.config!.processorId);
    }
    // The end of one does not touch the other.
    management.close();
    data.send(numberedBatch({ ...fields, sequence: 4 }));
    await data.waitAcks(4);
    data.halfClose();
    expect(await data.waitEnd()).toEqual({ code: 0, details: "" });
    data.close();
    // Existing hunters start anew when this one ends.
    expect(filters.end).toBeUndefined();
    connection.close();
  });

  test("as many hunters register as --max-hunters says, and each of them again", async () => {
    const management = new ManagementClient(node.address);
    const register = (hunterId: string) => management.register({ hunterId });
    await register("edge");
    await register("second");
    await register("third");
    expect(await failureOf(register("fourth"))).toEqual({
      code: resourceExhausted,
      details: "this node accepts at most 3 hunters (--max-hunters)",
    });
    for (const id of ["second", "third", "edge", "edge"]) {
      expect((await register(id)).accepted).toBe(true);
    }
    const path = "/lippycat.management.ManagementService/RegisterHunter";
    const notUtf8 = endOfCall(management.client, path, Buffer.from([0x0a, 0x02, 0xff, 0xfe]));
    const wrong = [register(""), register("x".repeat(1025))].map(failureOf);
    for (const { code } of await Promise.all([...wrong, notUtf8]))
      expect(code).toBe(invalidArgument);
    management.close();
  });

  test.skipIf(Bun.which("h2load") === null)("h2load streams packets", async () => {
    const before = Number((await nextStats(node))["received"]);
    const body = join(scratchDirectory(), "body.bin");
    const packets = Array.from({ length: 64 }, () => ({ data: new Uint8Array(512) }));
    const batch = framed(encodeBatch({ hunterId: "h2load", packets }));
    writeFileSync(body, Buffer.concat(Array.from({ length: 50 }, () => batch)));
    const url = `http://${node.address}${streamPacketsPath}`;
    const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
    const command = ["h2load", "-n", "12", "-c", "4", "-m", "2", "-d", body, ...headers, url];
    const { exitCode, stdout } = Bun.spawnSync(command);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain("12 succeeded, 0 failed, 0 errored, 0 timeout");
    await node.waitFor("node-stats", ({ received }) => received === before + 12 * 50 * 64);
  });

  test("and nobody is the worse for it", async () => {
    await bystandersGoOn();
    for (const { end } of bystanders) expect(end).toBeUndefined();
    for (const hunter of bystanders) hunter.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expect(node.lines.filter(({ level }) => level === "error")).toEqual([]);
    checkAccounts(node);
  });

  test("--max-hunters 0 registers nobody, and takes packets all the same", async () => {
    const closed = await startProcessor(["--workers", String(workers), "--max-hunters", "0"]);
    const management = new ManagementClient(closed.address);
    const refused = await failureOf(management.register({ hunterId: "edge" }));
    expect(refused.code).toBe(resourceExhausted);
    management.close();
    const hunter = new MockHunter(closed.address);
    hunter.send(encodeBatch({ packets: [] }));
    await hunter.waitAcks(1);
    hunter.close();
    closed.kill("SIGTERM");
    expect((await closed.ended).code).toBe(0);
  });
});
