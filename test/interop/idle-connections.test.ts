/** What connections cost that have made one RPC and are silent since: memory, of nearly as many as a node takes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { GoProgram } from "../support/go-program.ts";
import { type RunningProcessor, startProcessor, until } from "../support/weir-process.ts";

const program = new GoProgram(join(import.meta.dir, "hostile"));
const reason = program.obstacle;
if (reason !== "") console.log(`skipped: idle connections (${reason})`);

/** Of each of two addresses, which may have 1,024. */
const connections = 1000;
const bytesPerConnectionMax = 20_000;

const started: Pick<Bun.Subprocess, "kill">[] = [];
beforeAll(async () => {
  if (reason === "") await program.build();
}, 180_000);
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** Resolves when all of them are there and answered; ends them. */
async function connect(node: RunningProcessor, from: string): Promise<() => Promise<number>> {
  const flags = ["-attack", "idle-connections", "-address", node.address, "-from", from];
  const child = Bun.spawn([program.path, ...flags, "-count", `${connections}`], {
    stdin: "pipe",
    stdout: "pipe",
  });
  started.push(child);
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value ?? []).toString()).toBe("{}\n");
  return async () => {
    await child.stdin.end();
    return child.exited;
  };
}

test.skipIf(reason !== "")(
  "idle connections take little memory",
  async () => {
    const node = await startProcessor(["--workers", "1"]);
    started.push(node.child);
    const openFiles = (): number => readdirSync(`/proc/${node.pid}/fd`).length;
    const withoutThem = openFiles();
    const counted = (number: number) => until(() => openFiles() === withoutThem + number);
    const before = node.rssBytes();
    const ends = [await connect(node, "127.0.0.12"), await connect(node, "127.0.0.13")];
    await counted(2 * connections);
    const grown = node.rssBytes() - before;
    const each = grown / 2 / connections;
    console.log(
      `${2 * connections} connections: RSS ${(before / 1e6).toFixed(0)} MB, grown by ${(grown / 1e6).toFixed(1)} MB; ` +
        `${(each / 1000).toFixed(1)} kB each, so 10,000 would be at ${((before + 1e4 * each) / 1e6).toFixed(0)} MB`,
    );
    expect(each).toBeLessThan(bytesPerConnectionMax);
    for (const end of ends) expect(await end()).toBe(0);
    await counted(0);
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  },
  60_000,
);
