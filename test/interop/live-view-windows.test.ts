/**
 * Live views of a client on grpc-go with its default settings, which changes the windows of streams that
 * are open (its bandwidth estimation; RFC 9113 section 6.9.2), over paths that take their time.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { GoProgram } from "../support/go-program.ts";
import { sampled } from "../support/run-size.ts";
import { startProcessor } from "../support/weir-process.ts";

const folder = join(import.meta.dir, "grpc-go");
const program = new GoProgram(folder);
const reason = program.obstacle;
if (reason !== "") console.log(`skipped: live views on grpc-go (${reason})`);

beforeAll(async () => {
  if (reason === "") await program.build();
}, 180_000);

interface Result {
  readonly error: string;
  readonly packets: number;
  readonly seen: number;
  readonly longestGapMs: number;
}

async function watch(address: string, args: readonly string[]): Promise<Result> {
  const command = [program.path, "-scenario", "view", "-address", address, ...args];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  await child.exited;
  return JSON.parse(lines.at(-1) ?? "{}");
}

describe.skipIf(reason !== "")("a live view of grpc-go with default settings", () => {
  const sizes: [string, string[]][] = [
    ["10,000 packets of 4 KB", ["-size", "4096"]],
    ["10,000 packets of 64 KB", ["-size", "65000"]],
    ["1,000 packets of 250 KB", ["-size", "250000", "-packets", "1000"]],
  ];
  for (const [what, size] of sampled("packet sizes of live views", sizes)) {
    for (const delay of sampled("delays of live views", ["10ms", "0s", "50ms"])) {
      test(`gets ${what}, ${delay} each way`, async () => {
        const node = await startProcessor(["--workers", "1"]);
        const result = await watch(node.address, [...size, "-delay", delay]);
        expect(result.error).toBe("");
        expect(result.seen).toBe(result.packets);
        expect(result.longestGapMs).toBeLessThan(2000);
        node.kill("SIGTERM");
        await node.ended;
        const left = node.latest("fanout-subscriber-left");
        expect(left?.["lost"]).toBe(0);
      }, 300_000);
    }
  }

  test("goes on when its sender does not wait for it, and what is lost is counted", async () => {
    const node = await startProcessor(["--workers", "1"]);
    const result = await watch(node.address, ["-paced=false", "-delay", "10ms"]);
    expect(result.error).toBe("");
    expect(result.longestGapMs).toBeLessThan(1000);
    node.kill("SIGTERM");
    await node.ended;
    const lost = Number(node.latest("fanout-subscriber-left")?.["lost"]);
    // A batch of this load has 64 packets.
    const batches = Math.ceil(result.packets / 64);
    expect(Math.ceil(result.seen / 64) + lost).toBe(batches);
  }, 300_000);
});
