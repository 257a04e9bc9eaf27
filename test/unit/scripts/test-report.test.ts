import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAllowedSkips, readReport } from "../../../scripts/test-report.ts";

const mixed = `
import { describe, expect, test } from "bun:test";
describe("outer", () => {
  describe('in & "q"', () => {
    test("one", () => {});
    test.skip("two <x> > y", () => {});
    test.todo("four");
  });
  test("bad", () => expect("<failure>").toBe('"'));
});
test("top", () => {});
`;

/** What bun itself writes about `files`, so that an update of Bun that changes it is seen here. */
function reportOf(files: Record<string, string>): ReturnType<typeof readReport> {
  const folder = mkdtempSync(join(tmpdir(), "weir-report-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const flags = ["--reporter=junit", "--reporter-outfile=junit.xml"];
    Bun.spawnSync([process.execPath, "test", ...flags], { cwd: folder });
    return readReport(readFileSync(join(folder, "junit.xml"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("report of bun test", () => {
  test("names every test with its outcome", () => {
    const report = reportOf({ "mixed.test.ts": mixed });
    expect(report.passed).toEqual([
      'mixed.test.ts › outer › in & "q" › one',
      "mixed.test.ts › top",
    ]);
    expect(report.failed).toEqual(["mixed.test.ts › outer › bad"]);
    expect(report.skipped).toEqual([
      'mixed.test.ts › outer › in & "q" › two <x> > y',
      'mixed.test.ts › outer › in & "q" › four',
    ]);
  });

  test("lacks a file that could not be loaded, which the caller counts as failed", () => {
    const broken =
      'import "./missing.ts"; import { test } from "bun:test"; test("never", () => {});';
    const report = reportOf({ "mixed.test.ts": mixed, "broken.test.ts": broken });
    expect([...report.files]).toEqual(["mixed.test.ts"]);
  });

  test("is empty for no text", () => {
    expect(readReport("")).toEqual({ passed: [], failed: [], skipped: [], files: new Set() });
  });
});

describe("allowed skips", () => {
  test("are a name and a reason a line", () => {
    const text = "# comment\n\na › b # needs root\n";
    expect([...readAllowedSkips(text)]).toEqual([["a › b", "needs root"]]);
  });

  test("need a reason", () => {
    expect(() => readAllowedSkips("a › b\n")).toThrow("no reason");
  });
});
