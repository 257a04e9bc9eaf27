import { runCommand } from "citty";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { commandNames, findCommand, root } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import { printErrors, printOut } from "./print.ts";
import { versionText } from "./version.ts";

/** Run the command that the words name; the exit code. */
export async function dispatch(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined) {
    const names = commandNames().join(", ");
    await printErrors("weir", [`a command is needed: ${names}; weir --help tells more`]);
    return exitCodes.usage;
  }
  if (first === "--version") {
    await printOut(versionText());
    return exitCodes.ok;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const about = first === "help" ? rest[0] : undefined;
    if (about !== undefined) return dispatch([about, "--help"]);
    await printOut(await renderRootHelp());
    return exitCodes.ok;
  }
  const command = await findCommand(first);
  if (command === undefined) {
    await printErrors("weir", [unknownCommand(first)]);
    return exitCodes.usage;
  }
  const { result } = await runCommand(command, { rawArgs: rest });
  return typeof result === "number" ? result : exitCodes.ok;
}

function unknownCommand(word: string): string {
  const shown = quoteText(word, limits.settingShownCharsMax);
  if (word.startsWith("-")) return `${shown} stands before the command; flags come after it`;
  const names = commandNames();
  const hint = hintOf(nearestName(word, names));
  return `unknown command ${shown}${hint === "" ? `; this build has: ${names.join(", ")}` : hint}`;
}

async function renderRootHelp(): Promise<string> {
  const { description } = await describe(root);
  const lines = [`${description}.`, "", "Usage: weir COMMAND [flags]", "", "Commands:"];
  lines.push(...(await renderCommands()), "");
  lines.push("weir COMMAND --help tells more. weir --version names this build.");
  return lines.join("\n");
}

async function renderCommands(): Promise<string[]> {
  const lines: string[] = [];
  for (const name of commandNames()) {
    const command = await findCommand(name);
    if (command === undefined) continue;
    lines.push(`  ${name.padEnd(10)}${(await describe(command)).description}`);
  }
  return lines;
}

async function describe(command: { meta?: unknown }): Promise<{ description: string }> {
  const meta = command.meta as { description?: string } | undefined;
  return { description: meta?.description ?? "" };
}
