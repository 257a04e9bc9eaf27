/** The command tree as shells complete it. */
import type { CommandDef } from "citty";
import type { Setting, SettingTable } from "../config/setting.ts";
import { isCommand } from "./command.ts";
import { type Commands, descriptionOf, isGroup } from "./command-group.ts";

/** What may follow a flag. */
export type FlagValue =
  | { readonly kind: "none" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "any"; readonly placeholder: string };

export interface CompletedFlag {
  /** Without dashes. */
  readonly long: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly value: FlagValue;
}

/** A command or group as shells complete it. */
export interface CompletedCommand {
  /** `list filters`; "" for the program itself. */
  readonly path: string;
  readonly members: readonly { readonly name: string; readonly help: string }[];
  readonly flags: readonly CompletedFlag[];
}

const helpFlag: CompletedFlag = {
  long: "help",
  short: "h",
  help: "Show the help",
  value: { kind: "none" },
};
const versionFlag: CompletedFlag = {
  long: "version",
  short: undefined,
  help: "Show the version",
  value: { kind: "none" },
};

/** Every level of the command tree, the program first, each group before its members. */
export async function completionTree(members: Commands, path = ""): Promise<CompletedCommand[]> {
  const shown: { name: string; help: string }[] = [];
  const below: CompletedCommand[] = [];
  for (const [name, load] of Object.entries(members)) {
    const definition = await load();
    shown.push({ name, help: descriptionOf(definition) });
    below.push(...(await treeOf(definition, path === "" ? name : `${path} ${name}`)));
  }
  const flags = path === "" ? [helpFlag, versionFlag] : [helpFlag];
  return [{ path, members: shown, flags }, ...below];
}

async function treeOf(definition: CommandDef, path: string): Promise<CompletedCommand[]> {
  if (isGroup(definition)) return completionTree(definition.members, path);
  const table: SettingTable = isCommand(definition) ? definition.table : {};
  return [{ path, members: [], flags: [...flagsOf(table), helpFlag] }];
}

/** The flags that this build takes; with `--no-…` for a switch that is on by itself. */
function flagsOf(table: SettingTable): CompletedFlag[] {
  return Object.values(table).flatMap((row: Setting<unknown>) => {
    if (row.flag === "" || row.missing !== undefined) return [];
    const value = flagValue(row);
    const flag = { long: row.flag, short: row.short, help: row.help, value };
    if (value.kind !== "none" || row.fallback !== true) return [flag];
    return [
      flag,
      { long: `no-${row.flag}`, short: undefined, help: `Turn off: ${row.help}`, value },
    ];
  });
}

function flagValue({ kind: { placeholder, words } }: Setting<unknown>): FlagValue {
  if (placeholder === "") return { kind: "none" };
  if (words !== undefined) return { kind: "words", words };
  return placeholder === "FILE" ? { kind: "file" } : { kind: "any", placeholder };
}

/** `-t` and `--type`. */
export function spellingsOf({ long, short }: CompletedFlag): string[] {
  return short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
}

/** `text` as one word of a shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
