/** The flags of a command as citty has them, declared by its table of settings. */
import { parseArgs } from "node:util";
import type { ArgsDef } from "citty";
import type { Setting, SettingTable } from "../config/setting.ts";

/** The flags of a table as citty declares them; each spelling is one, because it has a short of its own. */
export function argsOf(table: SettingTable): ArgsDef {
  const args: ArgsDef = {
    help: { type: "boolean", alias: "h", description: "Show the help" },
    version: { type: "boolean", description: "Show the version" },
  };
  for (const row of Object.values(table)) {
    for (const { flag, short } of spellingsOf(row)) {
      args[flag] = {
        type: isSwitch(row) ? "boolean" : "string",
        description: row.help,
        valueHint: row.kind.placeholder,
        ...(short === undefined ? {} : { alias: short }),
      };
    }
  }
  return args;
}

export function spellingsOf(row: Setting<unknown>): readonly { flag: string; short?: string }[] {
  return row.flag === "" ? [] : [row, ...(row.otherFlags ?? [])];
}

export function isSwitch(row: Setting<unknown>): boolean {
  return row.kind.placeholder === "";
}

/** What was given, word for word, by the parser that citty is built on: citty tells values alone. */
export function tokensOf(words: readonly string[], declared: ArgsDef) {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [name, arg] of Object.entries(declared)) {
    const short = "alias" in arg && typeof arg.alias === "string" ? { short: arg.alias } : {};
    options[name] = { type: arg.type === "boolean" ? "boolean" : "string", ...short };
  }
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

export type Token = ReturnType<typeof tokensOf>[number];
