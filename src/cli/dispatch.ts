/** From the words of a command line to the command that they name. */
import { runCommand } from "citty";
import { NoMember } from "./command-group.ts";
import { shielded } from "./command-words.ts";
import { root } from "./commands.ts";

/** Run the command that the words name; its exit status is `process.exitCode`. */
export async function dispatch(words: readonly string[]): Promise<void> {
  const [first, ...rest] = words;
  if (first === "help") return dispatch([...rest, "--help"]);
  try {
    await runCommand(root, { rawArgs: shielded(words) });
  } catch (error) {
    if (!(error instanceof NoMember)) throw error;
  }
}
