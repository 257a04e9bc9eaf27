/**
 * A client on grpc-go with the habits that docs/wire.md#hunters lists of the existing hunters; its
 * source is in grpc-go/. It is not the existing program.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeKeyPair } from "../support/certificates.ts";
import { GoProgram } from "../support/go-program.ts";
import { readMark } from "../support/numbered-packets.ts";
import { readCapture } from "../support/read-capture.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { TlsFiles } from "../support/tls-node.ts";
import {
  checkAccounts,
  type RunningProcessor,
  type StartOptions,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const folder = join(import.meta.dir, "grpc-go");
const directory = scratchDirectory();
const program = new GoProgram(folder);
const counts = sampledWorkerCounts(1);
const packetsPerBatch = 64;
const hugeBatchBytes = 20 * 1024 * 1024;
const stallMs = 4000;
/** Longer than the processor's own pings are apart, and than three of the client's. */
const idleSeconds = 35;

/** Every process of this file. */
const started: Pick<Bun.Subprocess, "kill">[] = [];

const reason = program.obstacle;
if (reason !== "") console.log(`skipped: a client on grpc-go (${reason})`);

/** The last line of the program; `main.go` has the fields. */
interface Result {
  readonly error: string;
  readonly batches: number;
  readonly packets: number;
  readonly acks: number;
  readonly largestBytes: number;
  readonly pauses: number;
  readonly resumes: number;
  readonly heartbeats: number;
  readonly connections: number;
}

/** They take 35 s each, while the other tests run. */
let waiting: Promise<void>[] = [];

beforeAll(async () => {
  if (reason !== "") return;
  await program.build();
  waiting = counts.map(waitOut);
  // Awaited by the last test; a failure before that is no unhandled one.
  for (const one of waiting) one.catch(() => {});
}, 180_000);
afterAll(() => {
  // Those that wait are still there when only some of the tests were asked for.
  for (const child of started) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(reason !== "")("a client on grpc-go", () => {
  describe.each(counts)("with --workers %d", (workers) => {
    test.each(["slow-pings", "fast-pings"])("streams, beats and half-closes (%s)", async (name) => {
      const { node, file } = await start(workers, name);
      const result = await run(node, name, ["-hunter", "7", "-batches", "200"]);
      expect(result).toMatchObject({ batches: 200, acks: 200, packets: 200 * packetsPerBatch });
      expect(result.connections).toBe(2);
      expect(result.heartbeats).toBeGreaterThan(0);
      await stop(node);
      expect(recorded(file)).toEqual(new Map([[7, result.packets]]));
    });

    test("streams, beats and half-closes over mutual TLS, to an address", async () => {
      const files = new TlsFiles();
      writeKeyPair(files.directory, "client", files.client());
      const { node, file } = await start(workers, "tls", {}, files.flags);
      const flags = ["-hunter", "7", "-batches", "200", "-tls", files.directory];
      const result = await run(node, "fast-pings", flags);
      expect(result).toMatchObject({ batches: 200, acks: 200, connections: 2 });
      await stop(node);
      expect(recorded(file)).toEqual(new Map([[7, result.packets]]));
    });

    test("stops at PAUSE, goes on at RESUME with one batch of 20 MiB", async () => {
      const fault = { WEIR_FAULT: `recorder-stall=${stallMs}` };
      const { node, file } = await start(workers, "pause", { binary: "faults", env: fault });
      // Once more when the queue was not full before the recorder went on.
      const stall = () => node.kill("SIGUSR2");
      let again: Timer | undefined;
      const result = await run(node, "pause", ["-batches", "100"], (event) => {
        if (event === "streaming") {
          stall();
          again = setInterval(stall, stallMs + 1000);
        } else clearInterval(again);
      }).finally(() => clearInterval(again));
      expect(result.largestBytes).toBeGreaterThan(hugeBatchBytes);
      expect(result.pauses).toBeGreaterThan(0);
      expect(result.resumes).toBeGreaterThan(0);
      expect(result.acks).toBe(result.batches);
      await stop(node);
      expect(recorded(file)).toEqual(new Map([[1, result.packets]]));
    });

    test("has a hundred streams on one connection, and acks fit its default limit", async () => {
      const { node, file } = await start(workers, "streams");
      const result = await run(node, "streams", ["-streams", "100", "-batches", "20"]);
      expect(result).toMatchObject({ batches: 2000, acks: 2000, connections: 1 });
      await stop(node);
      expect(recorded(file)).toEqual(hunters(100, 20 * packetsPerBatch));
    });

    test("has a hundred hunters on one stream, whose sequence numbers repeat", async () => {
      const { node, file } = await start(workers, "multiplex");
      const result = await run(node, "multiplex", ["-streams", "100", "-batches", "20"]);
      expect(result).toMatchObject({ batches: 2000, acks: 2000, connections: 1 });
      await stop(node);
      expect(recorded(file)).toEqual(hunters(100, 20 * packetsPerBatch));
    });
  });

  test(`keeps idle connections and quiet streams for ${idleSeconds} s`, async () => {
    expect(waiting.length).toBe(counts.length);
    await Promise.all(waiting);
  });
});

/** One connection with pings every 10 s and no call, and one hunter that beats and has no packets. */
async function waitOut(workers: number): Promise<void> {
  const { node, file } = await start(workers, "idle");
  const flags = ["-idle", `${idleSeconds}s`, "-batches", "10"];
  const [idle, quiet] = await Promise.all([
    run(node, "idle", [...flags, "-hunter", "1"]),
    run(node, "quiet", [...flags, "-hunter", "2"]),
  ]);
  expect(idle.connections).toBe(1);
  expect(quiet).toMatchObject({ batches: 10, acks: 10, connections: 2 });
  expect(quiet.heartbeats).toBeGreaterThanOrEqual(5);
  await stop(node);
  expect(recorded(file)).toEqual(new Map([[2, 10 * packetsPerBatch]]));
}

async function start(
  workers: number,
  name: string,
  options: StartOptions = {},
  more: readonly string[] = [],
) {
  const file = join(directory, `${name}-${workers}.pcapng`);
  const flags = ["--workers", String(workers), "-w", file, ...more];
  const node = await startProcessor(flags, options);
  started.push(node.child);
  return { node, file };
}

/** Runs one scenario to its end; it must succeed. */
async function run(
  node: RunningProcessor,
  scenario: string,
  flags: readonly string[],
  onEvent: (event: string) => void = () => {},
): Promise<Result> {
  const command = [program.path, "-address", node.address, "-scenario", scenario, ...flags];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  started.push(child);
  let result: Result | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const line = JSON.parse(text) as { event: string } | Result;
      if ("event" in line) onEvent(line.event);
      else result = line;
    }
  }
  const exitCode = await child.exited;
  expect({ scenario, exitCode, error: result?.error }).toEqual({
    scenario,
    exitCode: 0,
    error: "",
  });
  return result as Result;
}

async function stop(node: RunningProcessor): Promise<void> {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
}

function hunters(count: number, packets: number): Map<number, number> {
  return new Map(Array.from({ length: count }, (_, index) => [index + 1, packets]));
}

/**
 * Packets of each hunter by its number, sorted. Throws unless they stand in order, each once, under
 * their own hunter's interface and with their own time.
 */
function recorded(file: string): Map<number, number> {
  const next = new Map<number, number>();
  for (const packet of readCapture(file).packets) {
    const { hunter, number } = readMark(packet.bytes);
    const expected = next.get(hunter) ?? 0;
    const found = `${packet.hunter} ${packet.interface} ${number} ${packet.time}`;
    const time = 1_700_000_000_000_000_000n + BigInt(expected) * 1000n;
    const wanted = `hunter-${hunter} eth0 ${expected} ${time}`;
    // A comparison for each of so many packets takes longer than to read the file.
    if (found !== wanted) throw new Error(`${found} stands where ${wanted} is to be`);
    next.set(hunter, expected + 1);
  }
  return new Map([...next].sort(([a], [b]) => a - b));
}
