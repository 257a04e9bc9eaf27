/** Finds the command that the words name, and runs it. */
import { runCommand } from "citty";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { type CommandGroup, descriptionOf, findMember, isGroup } from "./command.ts";
import { root } from "./commands.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { printErrors, printOut } from "./print.ts";
import { versionText } from "./version.ts";

/** Run the command that the words name; the exit code. */
export async function dispatch(words: readonly string[]): Promise<number> {
  if (words[0] === "help") return dispatch([...words.slice(1), "--help"]);
  return new Level("weir", root).run(words);
}

/** Where the words are in the command tree: `weir`, or `weir list`. */
class Level {
  private readonly path: string;
  private readonly group: CommandGroup;

  constructor(path: string, group: CommandGroup) {
    this.path = path;
    this.group = group;
  }

  async run([first, ...rest]: readonly string[]): Promise<number> {
    if (first === undefined) return this.refuse(this.commandNeeded());
    if (first === "--version") {
      await printOut(versionText());
      return exitCodes.ok;
    }
    if (first === "--help" || first === "-h") {
      await printOut(await this.help());
      return exitCodes.ok;
    }
    const command = await findMember(this.group.members, first);
    if (command === undefined) return this.refuse(this.unknown(first));
    if (isGroup(command)) return new Level(`${this.path} ${first}`, command).run(rest);
    const { result } = await runCommand(command, { rawArgs: rest });
    return typeof result === "number" ? result : exitCodes.ok;
  }

  private get names(): string[] {
    return Object.keys(this.group.members);
  }

  private async refuse(text: string): Promise<ExitCode> {
    await printErrors(this.path, [text]);
    return this.group === root ? exitCodes.usage : exitCodes.clientUsage;
  }

  private commandNeeded(): string {
    const what = this.group === root ? "a command" : "one of these";
    return `${what} is needed: ${this.names.join(", ")}; ${this.path} --help tells more`;
  }

  private unknown(word: string): string {
    const shown = quoteText(word, limits.settingShownCharsMax);
    if (word.startsWith("-")) return `${shown} stands before the command; flags come after it`;
    const hint = hintOf(nearestName(word, this.names));
    if (hint !== "") return `unknown command ${shown}${hint}`;
    const owner = this.group === root ? "this build" : this.path;
    return `unknown command ${shown}; ${owner} has: ${this.names.join(", ")}`;
  }

  private async help(): Promise<string> {
    return [
      descriptionOf(this.group),
      "",
      `Usage: ${this.path} COMMAND [flags]`,
      "",
      "Commands:",
      ...(await this.members()),
      "",
      `${this.path} COMMAND --help tells more. weir --version names this build.`,
    ].join("\n");
  }

  private async members(): Promise<string[]> {
    const width = Math.max(...this.names.map((name) => name.length)) + 2;
    const lines: string[] = [];
    for (const name of this.names) {
      const member = await findMember(this.group.members, name);
      if (member !== undefined) lines.push(`  ${name.padEnd(width)}${descriptionOf(member)}`);
    }
    return lines;
  }
}
