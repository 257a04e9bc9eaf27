/** The command tree of the variant `all`: src/cli/commands.ts asks the bundler, which tests do not have. */
import type { Commands } from "../../../src/cli/command-group.ts";
import { completionCommands } from "../../../src/cli/completion.ts";
import { huntCommand } from "../../../src/cli/hunt.ts";
import { listCommands } from "../../../src/cli/list.ts";
import { processCommand } from "../../../src/cli/process.ts";
import { rmCommands } from "../../../src/cli/rm.ts";
import { setCommands } from "../../../src/cli/set.ts";
import { showCommands } from "../../../src/cli/show.ts";

export const allCommands: Commands = {
  process: async () => processCommand,
  hunt: async () => huntCommand,
  list: async () => listCommands,
  show: async () => showCommands,
  set: async () => setCommands,
  rm: async () => rmCommands,
  completion: async () => completionCommands,
};
