import { afterAll, afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { numberedPcap } from "./capture-files.ts";
import { FakeProcessor } from "./fake-processor.ts";
import { captureFile, removeCaptureFiles } from "./hunt-harness.ts";

const main = join(import.meta.dir, "../../../src/cli/main.ts");
let processor = new FakeProcessor();
let child: ReturnType<typeof hunt> | undefined;
afterAll(removeCaptureFiles);
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
  processor.kill();
  processor = new FakeProcessor();
});

function hunt(port: number, read: string) {
  return Bun.spawn({
    cmd: [
      process.execPath,
      "--feature=ALL",
      main,
      "hunt",
      "--insecure",
      "--log-level",
      "debug",
    ].concat(["--processor", `127.0.0.1:${port}`, "--read", read]),
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
}

/** Reads stderr until it matches `pattern`. */
async function logged(stderr: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let seen = "";
  for await (const bytes of stderr) {
    seen += decoder.decode(bytes, { stream: true });
    if (pattern.test(seen)) break;
  }
  return seen;
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const other = new FakeProcessor();
  const port = await other.start();
  other.kill();
  return port;
}

test("a hunter that starts before its processor waits for it", async () => {
  const port = await freePort();
  child = hunt(port, captureFile(numberedPcap(100)));
  // Nothing but its own timer keeps it alive between attempts.
  const seen = await logged(child.stderr, /(next attempt.*){3}/s);
  expect(seen).toContain(`cannot reach 127.0.0.1:${port}: connection refused`);
  await processor.start(port);
  expect(await child.exited).toBe(0);
  expect(processor.numbers).toHaveLength(100);
});

test("packets of a pipe arrive while it stays open, and a signal ends the wait for more", async () => {
  child = hunt(await processor.start(), "-");
  await child.stdin.write(numberedPcap(7));
  await child.stdin.flush();
  await processor.until(() => processor.numbers.length === 7);
  expect(processor.received[0]?.batch.packets[0]?.interfaceName).toBe("stdin");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
