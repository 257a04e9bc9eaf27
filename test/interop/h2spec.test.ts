/** h2spec, built from the module that hostile/go.mod names: every case passes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GoProgram } from "../support/go-program.ts";
import { scratchDirectory, startProcessor } from "../support/weir-process.ts";

const folder = join(import.meta.dir, "hostile");
const directory = scratchDirectory();
const program = new GoProgram(folder, "github.com/summerwind/h2spec/cmd/h2spec");
const cases = 145;

const reason = program.obstacle;
if (reason !== "") console.log(`skipped: h2spec (${reason})`);

beforeAll(async () => {
  if (reason !== "") return;
  await program.build();
}, 180_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** `package title` and the outcome of each case in h2spec's JUnit report. */
function outcomes(xml: string): Map<string, string> {
  const found = new Map<string, string>();
  const pattern = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs;
  for (const [, group, title, inside = ""] of xml.matchAll(pattern)) {
    const isSkipped = inside.includes("<skipped");
    const isFailed = /<(error|failure)\b/.test(inside);
    found.set(`${group} ${title}`, isSkipped ? "skipped" : isFailed ? "failed" : "passed");
  }
  return found;
}

/** Runs the sections, or all of them, against the node on `port`. */
async function run(port: number, sections: readonly string[] = []): Promise<Map<string, string>> {
  const report = join(directory, "report.xml");
  const address = ["-h", "127.0.0.1", "-p", String(port), "-o", "2", "-j", report];
  await Bun.spawn([program.path, ...address, ...sections], { stdout: "ignore" }).exited;
  return outcomes(readFileSync(report, "utf8"));
}

describe.skipIf(reason !== "")("h2spec", () => {
  test("finds nothing", async () => {
    const node = await startProcessor(["--workers", "1"]);
    const found = await run(node.port);
    const failing = () => [...found].filter(([, outcome]) => outcome !== "passed");
    // Several cases send two frames apart and want them met by a stream that has not yet been
    // answered: on a busy machine the answer is the first now and then. Such a case gets further
    // tries, with its section; one that fails each time fails.
    for (let tries = 0; tries < 4 && failing().length > 0; tries++) {
      const again = failing().map(([name, outcome]) => {
        console.log(`h2spec, once more: ${name} ${outcome}`);
        return name.slice(0, name.indexOf(" "));
      });
      const repeated = await run(node.port, [...new Set(again)]);
      for (const [name] of failing()) found.set(name, repeated.get(name) ?? "missing");
    }
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    console.log(`h2spec: ${found.size - failing().length} of ${found.size} passed`);
    expect(failing()).toEqual([]);
    expect(found.size).toBe(cases);
  }, 300_000);
});
