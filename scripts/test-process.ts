/** One `bun test` or one fuzz run, and what came of it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FileJob } from "./test-plan.ts";
import { readReport } from "./test-report.ts";

const root = dirname(import.meta.dir);

/** Full names of single tests. */
export interface Outcome {
  readonly passed: string[];
  readonly failed: string[];
  readonly skipped: string[];
  /** How many of what the default run leaves out, in the words of test/support/run-size.ts. */
  readonly leftOut: Map<string, number>;
  readonly seconds: number;
  /** Processor time, also that of the programs that it started and waited for. */
  readonly cpuSeconds: number;
}

/** Runs the files in one process; what they print is printed when they have ended, in one piece. */
export async function runFiles({ files, timeoutMs }: FileJob, isFull: boolean): Promise<Outcome> {
  const paths = files.map((file) => `./${file}`);
  const name = files.length === 1 ? `${files[0]}` : `${files[0]} and ${files.length - 1} more`;
  return inScratch(async (scratch) => {
    const reportPath = join(scratch, "junit.xml");
    const flags = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
    // Without orphans: what a failing test has started must not disturb the next.
    const command = ["test", "--no-orphans", ...flags, `--timeout=${timeoutMs}`, ...paths];
    const { exitCode, ...times } = await run(name, command, scratch, isFull);
    const { passed, failed, skipped, files: seen } = readReport(textOf(reportPath));
    const silent = files.filter((file) => !seen.has(file));
    const wrong = [
      ...failed,
      ...silent.map((file) => `${file}: could not be run, or holds no test`),
    ];
    if (exitCode !== 0 && wrong.length === 0)
      wrong.push(`${name}: bun test ended with ${exitCode}`);
    return { passed, failed: wrong, skipped, leftOut: readLeftOut(scratch), ...times };
  });
}

/** All fuzzers for a moment: one test. */
export async function runFuzzSmoke(isFull: boolean): Promise<Outcome> {
  return inScratch(async (scratch) => {
    const { exitCode, ...times } = await run(
      "fuzz smoke",
      ["test/fuzz/run.ts", "smoke"],
      scratch,
      isFull,
    );
    const name = ["fuzz smoke"];
    const [passed, failed] = exitCode === 0 ? [name, []] : [[], name];
    return { passed, failed, skipped: [], leftOut: readLeftOut(scratch), ...times };
  });
}

/** The captures that tests write go with the directory: gigabytes, run after run. */
async function inScratch(use: (scratch: string) => Promise<Outcome>): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), "weir-test-"));
  // Some tests start a node as another user, who has to get through.
  chmodSync(scratch, 0o755);
  try {
    return await use(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run(name: string, args: readonly string[], scratch: string, isFull: boolean) {
  const env = {
    ...process.env,
    TMPDIR: scratch,
    WEIR_TEST_FULL: isFull ? "1" : "0",
    WEIR_TEST_LEFT_OUT: join(scratch, "left-out"),
  };
  const outputPath = join(scratch, "output");
  // One file for both, so that lines stay in their order.
  const output = openSync(outputPath, "a");
  const begun = performance.now();
  const command = [process.execPath, ...args];
  const child = Bun.spawn(command, { cwd: root, env, stdio: ["ignore", output, output] });
  closeSync(output);
  const exitCode = await child.exited;
  const seconds = (performance.now() - begun) / 1000;
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const times = `${seconds.toFixed(1)} s, processor ${cpuSeconds.toFixed(1)} s`;
  process.stdout.write(`\n--- ${name} [${times}]\n${textOf(outputPath)}`);
  return { exitCode, seconds, cpuSeconds };
}

/** Lines of a number and what was counted. */
function readLeftOut(scratch: string): Map<string, number> {
  const leftOut = new Map<string, number>();
  for (const line of textOf(join(scratch, "left-out")).split("\n")) {
    const [, count, what] = /^(\d+) (.+)$/.exec(line) ?? [];
    if (what !== undefined) leftOut.set(what, (leftOut.get(what) ?? 0) + Number(count));
  }
  return leftOut;
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
