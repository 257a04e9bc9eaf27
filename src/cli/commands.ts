/** The command tree. */
import { feature } from "bun:bundle";
import { type CommandGroup, type Commands, commandGroup } from "./command-group.ts";

const commands: Commands = {
  process: async () => (await import("./process.ts")).processCommand,
};

// The one question about the variant (docs/architecture.md#variants). The bundler answers it, and leaves
// out the files of a command that is not named any more.
if (feature("ALL")) {
  commands["hunt"] = async () => (await import("./hunt.ts")).huntCommand;
  commands["list"] = async () => (await import("./list.ts")).listCommands;
  commands["show"] = async () => (await import("./show.ts")).showCommands;
  commands["set"] = async () => (await import("./set.ts")).setCommands;
  commands["rm"] = async () => (await import("./rm.ts")).rmCommands;
  commands["completion"] = async () => (await import("./completion.ts")).completionCommands;
}

/** The command tree of this variant. */
export const root: CommandGroup = commandGroup(
  "weir",
  "Aggregation node of a distributed packet-capture system.",
  commands,
);
