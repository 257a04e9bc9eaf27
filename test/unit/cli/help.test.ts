import { expect, test } from "bun:test";
import { WeirError } from "../../../src/base/errors.ts";
import { exitCodeOf, exitCodes, processExitCodes } from "../../../src/cli/exit-codes.ts";
import { processSettings } from "../../../src/cli/flags.ts";
import { renderHelp } from "../../../src/cli/help.ts";
import { huntSettings } from "../../../src/cli/hunt-flags.ts";
import { machine } from "./load.ts";

const about = {
  name: "process",
  summary: "Summary.",
  usage: "weir process",
  section: "processor",
  exitCodes: processExitCodes,
  examples: [["weir process", "run"]] as const,
};

test("the help names every flag with its default and variable", () => {
  const table = processSettings(machine);
  const text = renderHelp(about, table);
  for (const row of Object.values(table)) {
    if (row.flag !== "") expect(text).toContain(`--${row.flag}`);
  }
  expect(text).toContain("-l, --listen ADDRESS");
  expect(text).toContain("Address to listen on (default :50051) [LISTEN_ADDR]");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  expect(text).toContain("(not in this build yet) [TLS_CERT_FILE]");
  expect(text.indexOf("Examples:")).toBeLessThan(text.indexOf("--listen"));
});

test("today's spellings stay out of the help", () => {
  const text = renderHelp(about, processSettings(machine));
  expect(text).not.toContain("-P,");
  expect(text).not.toMatch(/--id\b/);
});

test("no two flags, keys or variables of a table are the same", () => {
  for (const table of [processSettings(machine), huntSettings(machine)]) {
    const rows = Object.values(table).filter(({ flag }) => flag !== "");
    const spellings = rows.flatMap((row) => [row, ...(row.otherFlags ?? [])]);
    const names = [
      ...spellings.map(({ flag }) => `--${flag}`),
      ...spellings.flatMap(({ short }) => (short === undefined ? [] : [`-${short}`])),
      ...rows.flatMap(({ keys }) => keys),
    ];
    expect(new Set(names).size).toBe(names.length);
  }
});

test("errors have the documented exit codes", () => {
  expect(exitCodeOf(new WeirError("port-in-use", "x"))).toBe(exitCodes.portInUse);
  expect(exitCodeOf(new WeirError("never-heard-of", "x"))).toBe(exitCodes.runtime);
  expect(exitCodeOf(new WeirError("configuration", "x"))).toBe(exitCodes.usage);
  expect(exitCodeOf(new Error("x"))).toBe(exitCodes.runtime);
  expect(exitCodeOf("x")).toBe(exitCodes.runtime);
});
