/**
 * `npm test`: builds the executables, checks the sources, runs the tests, and ends with one line
 * `N passed, N failed, N skipped` that counts single tests (a build, a static check and the fuzz
 * smoke count as one each).
 *
 *     npm test                                       # what a change has to pass: minutes
 *     npm test -- --full                             # everything, as .ci/run does
 *     npm test -- unit test/behaviour/tls.test.ts    # only these groups, files or directories
 *
 * With CI=true a skip that test/skips.txt does not list is a failure.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildIfChanged, testBinaries } from "./build.ts";
import { runStaticChecks } from "./static-checks.ts";
import { type FileJob, type Plan, planOf } from "./test-plan.ts";
import { type Outcome, runFiles, runFuzzSmoke } from "./test-process.ts";
import { readAllowedSkips } from "./test-report.ts";

const root = dirname(import.meta.dir);

/** Many tests wait for a node more than they compute, and many keep one core busy. */
const laneCount = 2;

const passed: string[] = [];
const failed: string[] = [];
const skipped: string[] = [];
const leftOut = new Map<string, number>();
const secondsByName = new Map<string, number>();

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

function take(name: string, outcome: Outcome): void {
  passed.push(...outcome.passed);
  failed.push(...outcome.failed);
  skipped.push(...outcome.skipped);
  secondsByName.set(name, outcome.seconds);
  for (const [what, count] of outcome.leftOut) leftOut.set(what, (leftOut.get(what) ?? 0) + count);
}

type Task = () => Promise<void>;

function tasksOf(jobs: readonly FileJob[], isFull: boolean): Task[] {
  return jobs.map((job) => async () => take(job.files[0] ?? "", await runFiles(job, isFull)));
}

async function runLanes(tasks: readonly Task[], lanes: number): Promise<void> {
  const queue = [...tasks];
  const lane = async (): Promise<void> => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function runPlan({ isFull, ...plan }: Plan): Promise<void> {
  if (plan.builds) await buildAll();
  if (plan.checks) await checkAll();
  const lanes = tasksOf(plan.lanes, isFull);
  if (plan.fuzzes) lanes.push(async () => take("fuzz smoke", await runFuzzSmoke(isFull)));
  const beside = tasksOf(plan.beside, isFull);
  await Promise.all([runLanes(lanes, laneCount), runLanes(beside, laneCount)]);
  await runLanes(tasksOf(plan.alone, isFull), 1);
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

function printTimes(begunMs: number): void {
  const whole = Math.round((performance.now() - begunMs) / 1000);
  const slowest = [...secondsByName].sort(([, a], [, b]) => b - a).slice(0, 5);
  const text = slowest.map(([name, seconds]) => `${name} ${Math.round(seconds)} s`).join(", ");
  console.log(`${Math.floor(whole / 60)} min ${whole % 60} s; the longest: ${text || "none"}`);
}

let plan: Plan;
try {
  plan = planOf(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
const begunMs = performance.now();
await runPlan(plan);
console.log("");
judgeSkips();
for (const name of failed) console.log(`failed: ${name}`);
printTimes(begunMs);
if (plan.filesLeftOut > 0) leftOut.set("whole files", plan.filesLeftOut);
if (leftOut.size > 0) {
  const text = [...leftOut].map(([what, count]) => `${count} ${what}`).join(", ");
  console.log(`left out (npm test -- --full runs it): ${text}`);
}
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
