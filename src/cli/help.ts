/** The text of --help. */
import {
  environmentNameOf,
  environmentNamesOf,
  environmentPrefix,
  type Setting,
  type SettingTable,
} from "../config/setting.ts";
import { columnsMax, hang, wrap, wrapCommand } from "./columns.ts";
import type { ExitCode } from "./exit-codes.ts";

export interface CommandHelp {
  /** `process` */
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Section of the YAML file. */
  readonly section: string;
  readonly exitCodes: readonly (readonly [code: ExitCode, text: string])[];
}

const flagColumns = 32;

/** The help of a command: examples first, then flags by group with default and names, 80 columns. */
export function renderHelp(command: CommandHelp, table: SettingTable): string {
  const usage = hang("Usage:", command.usage, "Usage: ".length);
  const lines = [...wrap(command.summary, columnsMax), "", ...usage, "", "Examples:"];
  for (const [example, what] of command.examples) {
    lines.push(...wrap(what, columnsMax - 4).map((line) => `  # ${line}`), ...wrapCommand(example));
  }
  const rows = Object.values(table).filter(
    ({ flag, environment }) => `${flag}${environment ?? ""}`,
  );
  for (const group of new Set(rows.map((row) => row.group))) {
    lines.push("", `${group}:`);
    const ofGroup = rows.filter((row) => row.group === group);
    lines.push(...ofGroup.flatMap((row) => renderRow(row, command.section)));
  }
  if (rows.length > 0) lines.push("", ...renderSources(rows, command.section));
  lines.push("", "Exit status:");
  for (const [code, text] of command.exitCodes) {
    lines.push(...hang(`  ${String(code).padStart(3)}`, text, 7));
  }
  return lines.join("\n");
}

function renderRow(row: Setting<unknown>, section: string): string[] {
  const title = titleOf(row);
  const { words = [] } = row.kind;
  const shownAlready = words.length === 0 || row.kind.placeholder.includes("|");
  const notes = [shownAlready ? row.help : `${row.help}: ${words.join(", ")}`];
  if (row.missing !== undefined) notes.push("(not in this build yet)");
  const fallback = row.fallbackText ?? String(row.fallback);
  if (fallback !== "" && fallback !== "false" && row.missing === undefined)
    notes.push(`(default: ${fallback})`);
  const name = shortEnvironmentName(row, section);
  if (name !== "" && row.flag !== "") notes.push(`[${name}]`);
  return hang(title, notes.join(" "), flagColumns);
}

/** What is to be written: the flag, or the switch that only the environment has. */
function titleOf({ flag, short, kind, environment }: Setting<unknown>): string {
  if (flag === "") return `      ${environment}=true`;
  const placeholder = kind.placeholder === "" ? "" : ` ${kind.placeholder}`;
  return `  ${short === undefined ? "    " : `-${short}, `}--${flag}${placeholder}`;
}

function shortEnvironmentName(row: Setting<unknown>, section: string): string {
  const name = environmentNamesOf(row)[0] ?? "";
  const prefix = `${environmentPrefix}${section.toUpperCase()}_`;
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** Where values come from, and how they are written: one sentence for each thing. */
function renderSources(rows: readonly Setting<unknown>[], section: string): string[] {
  let plain: string[] = [];
  let nested: string[] = [];
  const whole: string[] = [];
  for (const row of rows) {
    const [key = ""] = row.keys;
    const name = shortEnvironmentName(row, section);
    if (name === "" || key === "") continue;
    const [, first = "", second = ""] = key.split(".");
    if (name.startsWith(environmentPrefix)) whole.push(`  [${name}] has the key ${key}.`);
    else if (second === "") {
      if (plain.length > 0) continue;
      plain = [
        `  [${name}] is the environment variable ${environmentNameOf(key)}.`,
        `  In the file it is the key ${first}, indented below ${section}:.`,
      ];
    } else if (nested.length === 0) {
      nested = [`  [${name}] is the key ${second} below ${first}:, which is below ${section}:.`];
    }
  }
  const wholeNames = "  A name that begins with LIPPYCAT_ is the whole name of the variable.";
  return [
    "Where settings come from:",
    "  Precedence: flag, environment variable, configuration file, default.",
    ...plain,
    ...nested,
    wholeNames,
    ...whole,
    "",
    "Values:",
    ...renderUnits(rows),
  ];
}

function renderUnits(rows: readonly Setting<unknown>[]): string[] {
  const has = (placeholder: string) => rows.some(({ kind }) => kind.placeholder === placeholder);
  const lines = ["  A switch: --flag, --no-flag, or --flag=false."];
  if (has("SIZE")) {
    lines.push("  SIZE: bytes, or a number with K, M, G or T (powers of 1024): 512K, 100M, 2G.");
  }
  if (has("TIME")) lines.push("  TIME: numbers with ms, s, m or h: 500ms, 30s, 1h30m.");
  return lines;
}
