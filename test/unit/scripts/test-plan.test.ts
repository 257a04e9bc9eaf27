import { describe, expect, test } from "bun:test";
import { onlyInFullRun, type Plan, planOf } from "../../../scripts/test-plan.ts";

function filesOf({ lanes, beside, alone }: Plan): string[] {
  return [...lanes, ...beside, ...alone].flatMap(({ files }) => files).sort();
}

describe("npm test", () => {
  test("--full runs every test file once, and everything else", () => {
    const plan = planOf(["--full"]);
    const files = [...new Bun.Glob("test/**/*.test.ts").scanSync(".")].sort();
    expect(filesOf(plan)).toEqual(files);
    expect(plan).toMatchObject({ builds: true, checks: true, fuzzes: true, isFull: true });
  });

  test("without words leaves some files out, which are there and run when they are named", () => {
    const all = filesOf(planOf(["--full"]));
    const without = all.filter((file) => !onlyInFullRun.includes(file));
    expect(filesOf(planOf([]))).toEqual(without);
    expect(planOf([]).filesLeftOut).toBe(all.length - without.length);
    expect(all.length - without.length).toBe(onlyInFullRun.length);
    const [first = ""] = onlyInFullRun;
    expect(filesOf(planOf([first]))).toEqual([first]);
  });

  test("a group is its files alone, and what those start is built", () => {
    const unit = planOf(["unit"]);
    expect(filesOf(unit)).toContain("test/unit/scripts/test-plan.test.ts");
    expect(filesOf(unit).every((file) => file.startsWith("test/unit/"))).toBe(true);
    expect(unit).toMatchObject({ builds: false, checks: false, fuzzes: false });
    expect(planOf(["interop"]).builds).toBe(true);
    expect(filesOf(planOf(["fuzz", "check"]))).toEqual([]);
  });

  test("files and directories are named as they are, beside groups, each file once", () => {
    const tls = "test/behaviour/tls.test.ts";
    expect(filesOf(planOf([tls]))).toEqual([tls]);
    expect(filesOf(planOf([`./${tls}`, "test/behaviour"]))).toEqual(filesOf(planOf(["behaviour"])));
    const room = filesOf(planOf(["test/unit/scripts/", "tidy"]));
    expect(room).toContain("test/tidy.test.ts");
    expect(room).toContain("test/unit/scripts/test-report.test.ts");
    expect(room).not.toContain(tls);
  });

  test.each(["units", "--ful", "test/none", "src/cli", "test/support/seed.ts", "../test/unit"])(
    "%s is nothing to run",
    (word) => {
      expect(() => planOf(["unit", word])).toThrow(`: ${word}; groups: build, check, tidy, unit,`);
    },
  );
});
