/** Commands and groups of commands, as citty has them, with the help and flags of each. */
import { type CommandDef, defineCommand } from "citty";
import type { SettingTable } from "../config/setting.ts";
import type { CommandHelp } from "./help.ts";

/** Members of a group by name; a member is read when it is asked for. */
export type Commands = Record<string, () => Promise<CommandDef>>;

/** A command that tells its help and the table of its flags: shell completions are made of them. */
export interface Command extends CommandDef {
  readonly help: CommandHelp;
  readonly table: SettingTable;
}

/** `run` gets the words after the command's name and gives the exit code. */
export function command(
  help: CommandHelp,
  table: SettingTable,
  run: (words: readonly string[]) => Promise<number>,
): Command {
  const name = help.name.split(" ").at(-1) ?? "";
  const definition = defineCommand({
    meta: { name, description: help.summary },
    run: ({ rawArgs }) => run(rawArgs),
  });
  return Object.assign(definition, { help, table });
}

/** A command whose name is followed by that of one of its members. */
export interface CommandGroup extends CommandDef {
  readonly members: Commands;
}

export function commandGroup(name: string, description: string, members: Commands): CommandGroup {
  const definition = defineCommand({ meta: { name, description }, subCommands: members });
  return Object.assign(definition, { members });
}

export function isGroup(definition: CommandDef): definition is CommandGroup {
  return "members" in definition;
}

export function isCommand(definition: CommandDef): definition is Command {
  return "table" in definition;
}

/** The member of that name, or undefined when there is none. */
export async function findMember(group: Commands, name: string): Promise<CommandDef | undefined> {
  return Object.hasOwn(group, name) ? group[name]?.() : undefined;
}

export function descriptionOf(definition: CommandDef): string {
  return (definition.meta as { description?: string } | undefined)?.description ?? "";
}
