/** What every command that asks a node does: settings, connection, answer, exit code. */
import type { Answer } from "../client/answer.ts";
import type { NodeClient } from "../client/connect.ts";
import { type ClientSettings, clientSection, clientSettings } from "../config/client-settings.ts";
import { unsupportedByDial } from "../config/dial-settings.ts";
import type { ResolvedTable, SettingTable } from "../config/setting.ts";
import type { Dialer } from "../dial/dialer.ts";
import { type Command, command } from "./command.ts";
import { dialConfigOf, dialProblems, dialWarnings } from "./dial-choice.ts";
import { clientExitCodes, exitCodeOf, exitCodes, worstExitCode } from "./exit-codes.ts";
import type { CommandHelp } from "./help.ts";
import { type Loaded, loadSettings, type Surroundings } from "./load-settings.ts";
import { printErrors } from "./print.ts";
import { settle } from "./run-command.ts";
import { writeOut } from "./write-out.ts";

export interface ClientCommand<Rows extends SettingTable> {
  /** What is its own: section and exit codes are those of all. */
  readonly help: Omit<CommandHelp, "section" | "exitCodes">;
  /** The rows that only this command has. */
  readonly rows: Rows;
  /** What only makes sense, or none, together. Rows that are wrong in themselves are told before. */
  readonly check?: (settings: ResolvedTable<Rows>) => readonly string[];
  readonly ask: (node: NodeClient, settings: ResolvedTable<Rows>) => Promise<Answer>;
}

type ClientTable<Rows extends SettingTable> = Rows & ClientSettings;

/** A command that puts one question to a node and prints its answer. */
export function clientCommand<Rows extends SettingTable>(definition: ClientCommand<Rows>): Command {
  const help = { ...definition.help, section: clientSection, exitCodes: clientExitCodes };
  const table: ClientTable<Rows> = { ...definition.rows, ...clientSettings() };
  return command(help, table, async (words) => {
    const load = (surroundings: Surroundings) => loadClientSettings(definition, surroundings);
    const usageExitCode = exitCodes.clientUsage;
    const settled = await settle({ help, table, load, usageExitCode }, words);
    if (typeof settled === "number") return settled;
    const who = `weir ${help.name}`;
    await printErrors(`${who}: warning`, settled.warnings);
    return ask(who, definition, settled.settings);
  });
}

/** The settings of a command that asks a node, with everything that is wrong with them. */
export function loadClientSettings<Rows extends SettingTable>(
  definition: Pick<ClientCommand<Rows>, "rows" | "check">,
  surroundings: Surroundings,
): Loaded<ClientTable<Rows>> {
  const table: ClientTable<Rows> = { ...definition.rows, ...clientSettings() };
  const names = { section: clientSection, unsupported: unsupportedByDial(clientSection) };
  const loaded: Loaded<ClientTable<Rows>> = loadSettings(table, names, surroundings);
  const own = loaded.problems.length > 0 ? [] : (definition.check?.(loaded.settings) ?? []);
  const security = dialProblems(loaded as Loaded<ClientSettings>);
  const doubts = dialWarnings(loaded.settings as ResolvedTable<ClientSettings>);
  return {
    ...loaded,
    problems: [...loaded.problems, ...own, ...security],
    warnings: [...loaded.warnings, ...doubts],
  };
}

async function ask<Rows extends SettingTable>(
  who: string,
  definition: ClientCommand<Rows>,
  settings: ResolvedTable<ClientTable<Rows>>,
): Promise<number> {
  const { json } = settings as ResolvedTable<ClientSettings>;
  const dialer = await openDialer(who, settings as ResolvedTable<ClientSettings>);
  if (dialer === undefined) return exitCodes.clientUsage;
  const { connectNode } = await import("../client/connect.ts");
  const node = connectNode(dialer);
  try {
    const answer = await definition.ask(node, settings);
    const isJson = json.origin.source === "default" ? process.stdout.isTTY !== true : json.value;
    const failures = answer.failures ?? [];
    await writeOut(await answerText(answer, isJson));
    await printErrors(`${who}: warning`, answer.warnings ?? []);
    await printErrors(
      who,
      failures.map(({ message }) => message),
    );
    return worstExitCode(failures);
  } catch (error) {
    await printErrors(who, await problemsOf(error));
    return exitCodeOf(error);
  } finally {
    node.close();
  }
}

/** Undefined when a certificate or key cannot be used, which is told. */
async function openDialer(
  who: string,
  settings: ResolvedTable<ClientSettings>,
): Promise<Dialer | undefined> {
  const { createDialer } = await import("../dial/dialer.ts");
  try {
    const dialer = await createDialer(settings.processor.value, dialConfigOf(settings));
    await printErrors(`${who}: warning`, dialer.warnings);
    return dialer;
  } catch (error) {
    await printErrors(who, await problemsOf(error));
    return undefined;
  }
}

async function answerText(answer: Answer, isJson: boolean): Promise<string> {
  if (isJson) {
    const { jsonText } = await import("../client/json-text.ts");
    return `${jsonText(answer.json)}\n`;
  }
  const { stdoutScreen } = await import("../client/screen.ts");
  return answer
    .lines(stdoutScreen())
    .map((line) => `${line}\n`)
    .join("");
}

async function problemsOf(error: unknown): Promise<readonly string[]> {
  const { BadInput } = await import("../client/bad-input.ts");
  const { errorText } = await import("../base/errors.ts");
  return error instanceof BadInput ? error.problems : [errorText(error)];
}
