/**
 * `npm test`: builds the executables, checks the sources, runs every test, and ends with one line
 * `N passed, N failed, N skipped` that counts single tests (a build, a static check and the fuzz
 * smoke count as one each).
 *
 *     npm test                       # everything
 *     npm test -- unit behaviour     # only these groups
 *
 * With CI=true a skip that test/skips.txt does not list is a failure.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildIfChanged, testBinaries } from "./build.ts";
import { runStaticChecks } from "./static-checks.ts";
import { readAllowedSkips, readReport } from "./test-report.ts";

const root = dirname(import.meta.dir);

/** Behaviours that wait for deadlines of half a minute and do little meanwhile: they run beside the others. */
const waiting = ["half-a-minute", "half-messages", "vanished-peers"].map(
  (name) => `test/behaviour/${name}.test.ts`,
);

/** In the order of what is cheap to know. bun runs the files of a group one after the other. */
const groups = {
  build: buildAll,
  check: checkAll,
  tidy: () => bunTest(filesOf("test/*.test.ts"), 20_000),
  unit: () => bunTest(filesOf("test/unit/**/*.test.ts"), 20_000),
  contract: () => bunTest(filesOf("test/contract/**/*.test.ts"), 60_000),
  behaviour: behaviours,
  interop: () => bunTest(filesOf("test/interop/**/*.test.ts"), 120_000),
  fuzz: fuzzSmoke,
};

type Group = keyof typeof groups;

const passed: string[] = [];
const failed: string[] = [];
const skipped: string[] = [];

async function buildAll(): Promise<void> {
  for (const options of testBinaries) {
    try {
      await buildIfChanged(options);
      passed.push(`build ${options.outfile}`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      failed.push(`build ${options.outfile}`);
    }
  }
}

async function checkAll(): Promise<void> {
  const result = await runStaticChecks();
  passed.push(...result.passed);
  failed.push(...result.failed);
}

async function behaviours(): Promise<void> {
  const others = filesOf("test/behaviour/**/*.test.ts").filter((file) => !waiting.includes(file));
  await Promise.all([bunTest(waiting, 300_000), bunTest(others, 300_000)]);
}

function filesOf(pattern: string): string[] {
  const files = [...new Bun.Glob(pattern).scanSync({ cwd: root })].sort();
  if (files.length === 0) failed.push(`${pattern}: no such file`);
  return files;
}

/** `timeoutMs`: for each test that does not set its own. */
async function bunTest(files: readonly string[], timeoutMs: number): Promise<void> {
  if (files.length === 0) return;
  const scratch = mkdtempSync(join(tmpdir(), "weir-test-"));
  // Some tests start a node as another user, who has to get through.
  chmodSync(scratch, 0o755);
  const reportPath = join(scratch, "junit.xml");
  const flags = ["--reporter=junit", `--reporter-outfile=${reportPath}`, `--timeout=${timeoutMs}`];
  try {
    const paths = files.map((file) => `./${file}`);
    // Without orphans: what a failing test has started must not disturb the next group.
    // The captures that they write go with the directory: gigabytes, run after run.
    const environment = { TMPDIR: scratch };
    const exitCode = await stream(["test", "--no-orphans", ...flags, ...paths], environment);
    const report = readReport(existsSync(reportPath) ? readFileSync(reportPath, "utf8") : "");
    passed.push(...report.passed);
    failed.push(...report.failed);
    skipped.push(...report.skipped);
    const silent = files.filter((file) => !report.files.has(file));
    failed.push(...silent.map((file) => `${file}: could not be run, or holds no test`));
    if (exitCode !== 0 && report.failed.length + silent.length === 0) {
      failed.push(`${files[0]} and others: bun test ended with ${exitCode}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function fuzzSmoke(): Promise<void> {
  const exitCode = await stream(["test/fuzz/run.ts", "smoke"]);
  (exitCode === 0 ? passed : failed).push("fuzz smoke");
}

async function stream(args: string[], more: Record<string, string> = {}): Promise<number> {
  const env = { ...process.env, ...more };
  const command = [process.execPath, ...args];
  return Bun.spawn(command, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] }).exited;
}

/** Names every skip; in CI the ones without a listed reason become failures. */
function judgeSkips(): void {
  const allowed = readAllowedSkips(readFileSync(join(root, "test/skips.txt"), "utf8"));
  for (const name of skipped) {
    const reason = allowed.get(name);
    console.log(`skipped: ${name}${reason === undefined ? "" : ` (${reason})`}`);
    if (process.env["CI"] === "true" && reason === undefined) {
      failed.push(`${name}: skipped, and test/skips.txt does not say why`);
    }
  }
}

function isGroup(name: string): name is Group {
  return Object.hasOwn(groups, name);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !isGroup(name));
if (unknown.length > 0) {
  console.error(`no group ${unknown.join(", ")}; groups: ${Object.keys(groups).join(", ")}`);
  process.exit(2);
}
for (const [name, runGroup] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n--- ${name}`);
  await runGroup();
}
console.log("");
judgeSkips();
for (const name of failed) console.log(`failed: ${name}`);
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
