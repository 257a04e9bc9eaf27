import { expect, test } from "bun:test";
import { WeirError } from "../../../src/base/errors.ts";
import { wrapCommand } from "../../../src/cli/columns.ts";
import { isCommand } from "../../../src/cli/command.ts";
import {
  type Commands,
  commandGroup,
  findMember,
  isGroup,
} from "../../../src/cli/command-group.ts";
import {
  exitCodeOf,
  exitCodes,
  processExitCodes,
  worstExitCode,
} from "../../../src/cli/exit-codes.ts";
import { renderHelp } from "../../../src/cli/help.ts";
import { setCommands } from "../../../src/cli/set.ts";
import { huntSettings } from "../../../src/config/hunt-settings.ts";
import { processorSettings } from "../../../src/config/processor-settings.ts";
import type { SettingTable } from "../../../src/config/setting.ts";
import { allCommands } from "./all-commands.ts";
import { machine } from "./load.ts";

const about = {
  name: "process",
  summary: "Summary.",
  usage: "weir process",
  section: "processor",
  exitCodes: processExitCodes,
  examples: [["weir process", "run"]] as const,
};

/** The text without its layout. */
function words(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

async function helpsOf(members: Commands): Promise<[name: string, text: string][]> {
  const helps: [string, string][] = [];
  for (const [name, load] of Object.entries(members)) {
    const definition = await load();
    if (isGroup(definition)) {
      helps.push([name, await definition.overview()], ...(await helpsOf(definition.members)));
    }
    if (isCommand(definition)) helps.push([name, renderHelp(definition.help, definition.table)]);
  }
  return helps;
}

test("the help of every command and group fits into 80 columns", async () => {
  const root = commandGroup("weir", "Aggregation node.", allCommands);
  const helps: [string, string][] = [["weir", await root.overview()]];
  helps.push(...(await helpsOf(allCommands)));
  expect(helps.length).toBeGreaterThan(15);
  for (const [name, text] of helps) {
    const long = text.split("\n").filter((line) => line.length > 80);
    expect(long, name).toEqual([]);
  }
});

test("a long example is one command for a shell", () => {
  const example =
    "weir hunt -r 'a  b.pcap' --processor node.example:50051 --interface eth0 --loop 0";
  const [first = "", second = "", ...more] = wrapCommand(example);
  expect([first.at(-1), more]).toEqual(["\\", []]);
  expect(words(`${first.slice(0, -1)}${second}`).trim()).toBe(words(example));
  expect(first).toContain("'a  b.pcap'");
});

test("the help names every flag with its default and variable", () => {
  const table = processorSettings(machine);
  const text = renderHelp(about, table);
  for (const row of Object.values(table)) {
    if (row.flag !== "") expect(text).toContain(`--${row.flag}`);
  }
  expect(text).toContain("-l, --listen ADDRESS");
  expect(words(text)).toContain("Address to listen on (default: :50051) [LISTEN_ADDR]");
  expect(words(text)).toContain(
    "Certificate of the node, followed by intermediate certificates (PEM) [TLS_CERT_FILE]",
  );
  expect(text.indexOf("Examples:")).toBeLessThan(text.indexOf("--listen"));
});

test("today's spellings stay out of the help", () => {
  const text = renderHelp(about, processorSettings(machine));
  expect(text).not.toContain("-P,");
  expect(text).not.toMatch(/--id\b/);
});

async function setFilterTable(): Promise<SettingTable> {
  const command = await findMember(setCommands.members, "filter");
  if (command === undefined || !isCommand(command)) throw new Error("no table");
  return command.table;
}

test("no two flags, keys or variables of a table are the same", async () => {
  const tables = [processorSettings(machine), huntSettings(machine), await setFilterTable()];
  for (const table of tables) {
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

test("rows without a key or variable name none; the words of a long list are in the help", async () => {
  const help = { ...about, name: "set filter", section: "remote" };
  const text = renderHelp(help, await setFilterTable());
  expect(text).not.toContain("[]");
  expect(words(text)).toContain("Type of the filter: sip_user, phone_number,");
  expect(words(text)).toContain(
    "[TLS_ENABLED] is the key enabled below tls:, which is below remote:.",
  );
  expect(words(text)).toContain("LIPPYCAT_PRODUCTION=true Refuse --insecure and --tls-skip-verify");
  expect(text).not.toContain("SIZE:");
});

test("several failures have the code of the worst", () => {
  const [unreachable, refused, other, unknown] = [
    "node-unreachable",
    "request-refused",
    "call-failed",
    "not-found",
  ].map((code) => new WeirError(code, "x"));
  expect(worstExitCode([])).toBe(0);
  expect(worstExitCode([unknown, refused])).toBe(3);
  expect(worstExitCode([unknown])).toBe(4);
  expect(worstExitCode([unknown, refused, other])).toBe(1);
  expect(worstExitCode([unknown, refused, other, unreachable])).toBe(2);
});

test("errors have the documented exit codes", () => {
  expect(exitCodeOf(new WeirError("port-in-use", "x"))).toBe(exitCodes.portInUse);
  expect(exitCodeOf(new WeirError("never-heard-of", "x"))).toBe(exitCodes.runtime);
  expect(exitCodeOf(new WeirError("configuration", "x"))).toBe(exitCodes.usage);
  expect(exitCodeOf(new Error("x"))).toBe(exitCodes.runtime);
  expect(exitCodeOf("x")).toBe(exitCodes.runtime);
});
