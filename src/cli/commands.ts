import { feature } from "bun:bundle";
import { type CommandDef, defineCommand } from "citty";

type Commands = Record<string, () => Promise<CommandDef>>;

const commands: Commands = {
  process: async () => (await import("./process.ts")).processCommand,
};

// The one question about the variant (design.md section 5). The bundler answers it, and leaves out
// the files of a command that is not named any more.
if (feature("ALL")) {
  commands["hunt"] = async () => (await import("./hunt.ts")).huntCommand;
}

/** The command tree of this variant. */
export const root = defineCommand({
  meta: { name: "weir", description: "Aggregation node of a distributed packet-capture system" },
  subCommands: commands,
});

export function commandNames(): string[] {
  return Object.keys(commands);
}

/** The command of that name, or undefined when this variant has none. */
export async function findCommand(name: string): Promise<CommandDef | undefined> {
  return Object.hasOwn(commands, name) ? commands[name]?.() : undefined;
}
