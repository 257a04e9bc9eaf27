/** A command of the tree, which citty finds and runs; `readArgv` reads its arguments by its table. */
import { type CommandDef, defineCommand } from "citty";
import type { SettingTable } from "../config/setting.ts";
import { unshielded } from "./command-words.ts";
import type { CommandHelp } from "./help.ts";

/** A command that tells its help and the table of its flags: shell completions are made of them. */
export interface Command extends CommandDef {
  readonly help: CommandHelp;
  readonly table: SettingTable;
}

/** `run` gets the words after the command's name and gives the exit status; it is that of the process, because citty drops what a command answers. */
export function command(
  help: CommandHelp,
  table: SettingTable,
  run: (words: readonly string[]) => Promise<number>,
): Command {
  const name = help.name.split(" ").at(-1) ?? "";
  const definition = defineCommand({
    meta: { name, description: help.summary },
    run: async ({ rawArgs }) => {
      process.exitCode = await run(unshielded(rawArgs));
    },
  });
  return Object.assign(definition, { help, table });
}

export function isCommand(definition: CommandDef): definition is Command {
  return "table" in definition;
}
