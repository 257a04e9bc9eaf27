/** `weir completion` */
import { readArgv } from "./argv.ts";
import { bashCompletion } from "./bash-completion.ts";
import { type Command, command } from "./command.ts";
import { type CommandGroup, commandGroup } from "./command-group.ts";
import { root } from "./commands.ts";
import { type CompletedCommand, completionTree } from "./completion-tree.ts";
import { exitCodes } from "./exit-codes.ts";
import { fishCompletion } from "./fish-completion.ts";
import type { CommandHelp } from "./help.ts";
import type { Loaded, Surroundings } from "./load-settings.ts";
import { settle } from "./run-command.ts";
import { writeOut } from "./write-out.ts";
import { zshCompletion } from "./zsh-completion.ts";

type Render = (tree: readonly CompletedCommand[]) => string;

export const completionCommands: CommandGroup = commandGroup(
  "completion",
  "Print a script that completes commands and flags in a shell.",
  {
    bash: async () => shellCommand("bash", bashCompletion, "source <(weir completion bash)"),
    zsh: async () => shellCommand("zsh", zshCompletion, "source <(weir completion zsh)"),
    fish: async () => shellCommand("fish", fishCompletion, "weir completion fish | source"),
  },
);

function shellCommand(shell: string, render: Render, inThisShell: string): Command {
  const table = {};
  const help: CommandHelp = {
    name: `completion ${shell}`,
    summary: `Print a script that completes commands and flags in ${shell}.`,
    usage: `weir completion ${shell}`,
    section: "",
    exitCodes: [
      [exitCodes.ok, "printed"],
      [exitCodes.runtime, "any other failure"],
      [exitCodes.clientUsage, "wrong flags"],
    ],
    examples: [
      [inThisShell, "complete in this shell; the script says how to do it in every shell"],
    ],
  };
  const load = ({ words }: Surroundings): Loaded<typeof table> => {
    const argv = readArgv(words, table);
    return { argv, settings: {}, problems: argv.problems, warnings: [] };
  };
  return command(help, table, async (words) => {
    const usageExitCode = exitCodes.clientUsage;
    const settled = await settle({ help, table, load, usageExitCode }, words);
    if (typeof settled === "number") return settled;
    await writeOut(render(await completionTree(root.members)));
    return exitCodes.ok;
  });
}
