/** A level of the command tree, `weir` or `weir list`: citty finds the member that the words name. */
import { type CommandDef, defineCommand } from "citty";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { joinOr } from "../config/value-kinds.ts";
import { columnsMax, hang, wrap } from "./columns.ts";
import { unshielded } from "./command-words.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { printErrors } from "./print.ts";
import { versionText } from "./version.ts";
import { writeOut } from "./write-out.ts";

/** Members of a group by name; a member is read when it is asked for. */
export type Commands = Record<string, () => Promise<CommandDef>>;

/** A command whose name is followed by that of one of its members. */
export interface CommandGroup extends CommandDef {
  readonly members: Commands;
  readonly overview: () => Promise<string>;
}

/** The words name no member: what there is to say is said, and `process.exitCode` set. */
export class NoMember extends Error {
  override readonly name = "NoMember";
}

const rootName = "weir";

export function commandGroup(name: string, description: string, members: Commands): CommandGroup {
  const group = new Group(name, description, members);
  const definition = defineCommand({
    meta: { name, description },
    subCommands: members,
    // citty looks over flags for the first word that is none, and says no more than "Unknown command".
    setup: ({ rawArgs }) => group.check(unshielded(rawArgs)[0]),
  });
  return Object.assign(definition, { members, overview: () => group.overview() });
}

export function isGroup(definition: CommandDef): definition is CommandGroup {
  return "members" in definition;
}

/** The member of that name, or undefined when there is none. */
export async function findMember(group: Commands, name: string): Promise<CommandDef | undefined> {
  return Object.hasOwn(group, name) ? group[name]?.() : undefined;
}

export function descriptionOf(definition: CommandDef): string {
  return (definition.meta as { description?: string } | undefined)?.description ?? "";
}

class Group {
  private readonly path: string;
  private readonly description: string;
  private readonly members: Commands;
  private readonly isRoot: boolean;

  constructor(name: string, description: string, members: Commands) {
    this.isRoot = name === rootName;
    this.path = this.isRoot ? name : `${rootName} ${name}`;
    this.description = description;
    this.members = members;
  }

  /** Throws `NoMember` unless the first word names one. */
  async check(first: string | undefined): Promise<void> {
    if (first !== undefined && Object.hasOwn(this.members, first)) return;
    process.exitCode = await this.answer(first);
    throw new NoMember();
  }

  private async answer(first: string | undefined): Promise<ExitCode> {
    if (first === "--version") {
      await writeOut(versionText());
      return exitCodes.ok;
    }
    if (first === "--help" || first === "-h") {
      await writeOut(await this.overview());
      return exitCodes.ok;
    }
    await printErrors(this.path, [first === undefined ? this.needed() : this.unknown(first)]);
    return this.isRoot ? exitCodes.usage : exitCodes.clientUsage;
  }

  private get names(): string[] {
    return Object.keys(this.members);
  }

  private needed(): string {
    const what = this.isRoot ? "a command" : "one of these";
    return `${what} is needed: ${this.names.join(", ")}; ${this.path} --help explains them`;
  }

  private unknown(word: string): string {
    const shown = quoteText(word, limits.settingShownCharsMax);
    if (word.startsWith("-")) return `a command must come before ${shown}: ${joinOr(this.names)}`;
    const hint = hintOf(nearestName(word, this.names));
    if (hint !== "") return `unknown command ${shown}${hint}`;
    const owner = this.isRoot ? "this build" : this.path;
    return `unknown command ${shown}; ${owner} has: ${this.names.join(", ")}`;
  }

  async overview(): Promise<string> {
    return [
      ...wrap(this.description, columnsMax),
      "",
      `Usage: ${this.path} COMMAND [flags]`,
      "",
      "Commands:",
      ...(await this.lines()),
      "",
      `${this.path} COMMAND --help explains a command.`,
      "weir --version shows the version.",
    ].join("\n");
  }

  private async lines(): Promise<string[]> {
    const width = Math.max(...this.names.map((name) => name.length)) + 4;
    const lines: string[] = [];
    for (const name of this.names) {
      const member = await findMember(this.members, name);
      if (member !== undefined) lines.push(...hang(`  ${name}`, descriptionOf(member), width));
    }
    return lines;
  }
}
