/** A daemon may be started anywhere: files that lie there by chance must not change what it does. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampledWorkerCounts } from "../support/shards.ts";
import { runWeir, scratchDirectory, startProcessor } from "../support/weir-process.ts";

/** A directory in which everything is set that Bun or a careless program would read. */
function plant(): { directory: string; marker: string } {
  const directory = scratchDirectory();
  const marker = join(directory, "was-run");
  const run = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "x"); process.exit(99);`;
  const files: Record<string, string> = {
    ".env": "LIPPYCAT_PRODUCTION=true\nLIPPYCAT_PROCESSOR_MAX_HUNTERS=no-number\n",
    ".env.local": "LIPPYCAT_PRODUCTION=true\n",
    ".env.production": "LIPPYCAT_PRODUCTION=true\n",
    "bunfig.toml": 'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n',
    "preload.ts": run,
    "preload.js": run,
    "package.json": '{"type": "commonjs", "imports": {"#x": "./preload.js"}, "main": "preload.js"}',
    "tsconfig.json": '{"compilerOptions": {"paths": {"*": ["./preload.ts"]}}, "extends": "./no"}',
    "config.yaml": "processor:\n  max_hunters: no-number\n",
    "weir.yaml": "processor:\n  max_hunters: no-number\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, "node_modules/yaml"), { recursive: true });
  writeFileSync(join(directory, "node_modules/yaml/index.js"), run);
  return { directory, marker };
}

describe.each(["all", "processor"] as const)("variant %s", (binary) => {
  test.each(sampledWorkerCounts(1))("runs unmoved with --workers %d", async (workers) => {
    const { directory, marker } = plant();
    const args = ["--workers", String(workers), "-w", join(scratchDirectory(), "x.pcapng")];
    const node = await startProcessor(args, { binary, cwd: directory });
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    expect(node.text).toBe("");
    expect(existsSync(marker)).toBe(false);
  });

  test("answers --version", async () => {
    const { directory, marker } = plant();
    const { code, stdout } = await runWeir(["--version"], { binary, cwd: directory });
    expect(code).toBe(0);
    expect(stdout).toContain(binary);
    expect(existsSync(marker)).toBe(false);
  });

  test.skipIf(Bun.which("strace") === null)("opens nothing there", async () => {
    const { directory } = plant();
    const trace = join(scratchDirectory(), "trace");
    const under = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace];
    const { code } = await runWeir(["--version"], { binary, cwd: directory, under });
    expect(code).toBe(0);
    const opened = readFileSync(trace, "utf8")
      .split("\n")
      .map((line) => /open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"/.exec(line)?.[1])
      .filter((path) => path !== undefined);
    expect(opened.length).toBeGreaterThan(0);
    const local = opened.filter((path) => !path.startsWith("/") || path.startsWith(directory));
    expect(local.filter((path) => path !== "." && path !== directory)).toEqual([]);
  });
});
