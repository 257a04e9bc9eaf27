/**
 * Live traffic as README.md says it: tcpdump writes to a pipe, `weir hunt --read -` sends what comes
 * out of it. Wants root and tcpdump.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ReadPacket, readCapture } from "../support/read-capture.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  binaries,
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const loopback = "lo";
const ethernet = 1;
const requests = 40;

/** Why loopback cannot be captured here, or "". */
function obstacle(): string {
  if (Bun.which("tcpdump") === null) return "tcpdump is not installed";
  // Opens the device and says what it can capture; needs the same rights as a capture.
  const { exitCode, stderr } = Bun.spawnSync(["tcpdump", "-i", loopback, "-L"]);
  return exitCode === 0 ? "" : `tcpdump cannot capture: ${stderr.toString().trim()}`;
}

const reason = obstacle();
if (reason !== "") console.log(`skipped: live traffic (${reason})`);

describe.skipIf(reason !== "").each(sampledWorkerCounts(1))(
  "tcpdump, with --workers %d",
  (workers) => {
    test("every packet that it captures is recorded, while it captures", async () => {
      const { packets, captured } = await recordRequests(workers, []);
      expect(packets.length).toBe(captured);
      const sent = packets.map((packet) => packet.bytes.toString("latin1")).join("");
      for (let number = 0; number < requests; number++) {
        expect(sent).toContain(`GET /asked-${number} HTTP/1.1\r\n`);
        expect(sent).toContain(`answer ${number}.`);
      }
      for (const packet of packets) expect(packet.bytes.length).toBe(packet.originalLength);
    });

    test("with a snapshot length, packets keep their original length", async () => {
      const { packets, captured } = await recordRequests(workers, ["-s", "60"]);
      expect(packets.length).toBe(captured);
      expect(packets.every((packet) => packet.bytes.length <= 60)).toBe(true);
      expect(packets.some((packet) => packet.originalLength > 60)).toBe(true);
    });
  },
);

/** What a node recorded of requests over loopback, and what tcpdump says it captured. */
async function recordRequests(workers: number, tcpdumpFlags: readonly string[]) {
  const directory = scratchDirectory();
  const file = join(directory, "live.pcapng");
  const flags = ["--workers", String(workers), "--stats-interval", "100ms"];
  const node = await startProcessor([...flags, "-w", file]);
  const web = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => new Response(`answer ${new URL(request.url).pathname.slice(7)}.`),
  });
  try {
    const pipeline = startPipeline(node, directory, Number(web.port), tcpdumpFlags);
    const begun = Date.now();
    await untilCaptured(node, `${web.url}asked-0`);
    for (let number = 0; number < requests; number++) await ask(`${web.url}asked-${number}`);
    // What tcpdump has seen goes through the pipe while it runs on: nothing waits for its end.
    await until(
      () => recordedText(file).includes(`answer ${requests - 1}.`) || tcpdumpFlags.length > 0,
    );
    process.kill(Number(readFileSync(join(directory, "tcpdump.pid"), "utf8")), "SIGTERM");
    const [exitCode, text] = await Promise.all([
      pipeline.exited,
      new Response(pipeline.stderr).text(),
    ]);
    expect(exitCode).toBe(0);
    const captured = Number(/^(\d+) packets? captured$/m.exec(text)?.[1]);
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    checkAccounts(node);
    const { packets } = readCapture(file);
    for (const packet of packets) checkPacket(packet, begun);
    return { packets, captured };
  } finally {
    node.kill("SIGKILL");
    await web.stop(true);
  }
}

/** A shell joins the two, as a user would; tcpdump's process id goes to a file. */
function startPipeline(
  node: RunningProcessor,
  directory: string,
  port: number,
  tcpdumpFlags: readonly string[],
) {
  const script = `
    sh -c 'echo $$ > tcpdump.pid; exec tcpdump "$@"' sh \
      -i ${loopback} -U ${tcpdumpFlags.join(" ")} -w - tcp port ${port} |
    "$WEIR" hunt --insecure --read - --interface ${loopback} --id live -P ${node.address}`;
  return Bun.spawn(["sh", "-c", script], {
    cwd: directory,
    env: { ...process.env, WEIR: binaries.all },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
}

/** Asks until the first packet has come through: tcpdump does not say when it begins. */
async function untilCaptured(node: RunningProcessor, url: string): Promise<void> {
  await until(async () => {
    await ask(url);
    return Number(node.latest("node-stats")?.["written"] ?? 0) > 0;
  });
}

async function ask(url: string): Promise<void> {
  const response = await fetch(url, { keepalive: false });
  expect(await response.text()).toStartWith("answer ");
}

function recordedText(file: string): string {
  return readFileSync(file, "latin1");
}

function checkPacket(packet: ReadPacket, begunMs: number): void {
  expect([packet.hunter, packet.interface]).toEqual(["live", loopback]);
  expect(packet.linkType).toBe(ethernet);
  const timeMs = Number(packet.time / 1_000_000n);
  expect(timeMs).toBeGreaterThanOrEqual(begunMs - 1);
  expect(timeMs).toBeLessThanOrEqual(Date.now());
}
