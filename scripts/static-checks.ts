/** What can be said about the sources without running them. Each step counts as one test. */
import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);

interface Check {
  readonly name: string;
  /** The first word is a program of node_modules/.bin, or "bun" for the Bun that runs this. */
  readonly command: readonly string[];
}

const checks: readonly Check[] = [
  { name: "biome: format, imports, lint", command: ["biome", "check", "--max-diagnostics=50"] },
  { name: "tsc: types", command: ["tsc", "-p", "."] },
  { name: "oxlint: promises, throws, switches", command: ["oxlint", "--deny-warnings"] },
  {
    name: "knip: dead exports and dependencies",
    command: ["knip", "--treat-config-hints-as-errors"],
  },
  { name: "buf lint: proto files", command: ["buf", "lint", "proto"] },
  {
    name: "buf breaking: the frozen wire",
    command: ["buf", "breaking", "proto", "--against", "proto/frozen.binpb"],
  },
  {
    name: "generated code and pages: as their sources say",
    command: ["bun", "scripts/generate.ts", "--check"],
  },
];

/** Runs every check, also after one has failed; returns the names of those that failed. */
export async function runStaticChecks(): Promise<{ passed: string[]; failed: string[] }> {
  const passed: string[] = [];
  const failed: string[] = [];
  for (const { name, command } of checks) {
    const [program = "", ...args] = command;
    const path = program === "bun" ? process.execPath : join(root, "node_modules/.bin", program);
    const started = performance.now();
    const child = Bun.spawn([path, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (code !== 0) process.stdout.write(`${out}${err}\n`);
    console.log(`(${code === 0 ? "pass" : "fail"}) ${name} [${seconds} s]`);
    (code === 0 ? passed : failed).push(name);
  }
  return { passed, failed };
}
