/** From the words of a command to its work: help, version, problems, failures. */
import { homedir } from "node:os";
import { errorText } from "../base/errors.ts";
import type { LogFormat, LogLevel } from "../config/log-config.ts";
import type { SettingTable } from "../config/setting.ts";
import { createLog } from "../telemetry/log.ts";
import { cliEvent } from "./events.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { type CommandHelp, renderHelp } from "./help.ts";
import type { Loaded, Surroundings } from "./load-settings.ts";
import { printErrors, printFailure } from "./print.ts";
import { versionText } from "./version.ts";
import { writeOut } from "./write-out.ts";

/** A command as far as its settings are concerned. */
export interface Settled<Table extends SettingTable, L extends Loaded<Table> = Loaded<Table>> {
  readonly help: CommandHelp;
  readonly table: Table;
  readonly load: (surroundings: Surroundings) => L;
  /** When its settings are wrong. */
  readonly usageExitCode: ExitCode;
}

/**
 * What every command does before its work: help, version, settings and their problems. The settings
 * with their warnings, or the exit code when there is nothing more to do.
 */
export async function settle<Table extends SettingTable, L extends Loaded<Table> = Loaded<Table>>(
  command: Settled<Table, L>,
  words: readonly string[],
): Promise<L | ExitCode> {
  const who = `weir ${command.help.name}`;
  const loaded = command.load({ words, environment: process.env, home: homedir() });
  if (loaded.argv.help) {
    await writeOut(renderHelp(command.help, command.table));
    return exitCodes.ok;
  }
  if (loaded.argv.version) {
    await writeOut(versionText());
    return exitCodes.ok;
  }
  if (loaded.problems.length === 0) return loaded;
  await printErrors(`${who}: warning`, loaded.warnings);
  await printErrors(who, loaded.problems);
  return command.usageExitCode;
}

export interface Runnable<Table extends SettingTable, L extends Loaded<Table>, Config>
  extends Omit<Settled<Table, L>, "usageExitCode"> {
  readonly configOf: (loaded: L) => Config;
  /** Do the work; the exit code. */
  readonly run: (config: Config) => Promise<number>;
}

/** A command that logs while it works: `process`, `hunt`. The exit code. */
export async function runCommandLine<
  Table extends SettingTable,
  L extends Loaded<Table>,
  Config extends { readonly logFormat: LogFormat; readonly logLevel: LogLevel },
>(command: Runnable<Table, L, Config>, words: readonly string[]): Promise<number> {
  const settled = await settle({ ...command, usageExitCode: exitCodes.usage }, words);
  if (typeof settled === "number") return settled;
  const who = `weir ${command.help.name}`;
  const config = command.configOf(settled);
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  for (const warning of settled.warnings) log.warn(cliEvent.doubtful.name, warning);
  await log.flush();
  try {
    return await command.run(config);
  } catch (error) {
    if (config.logFormat === "text") return printFailure(who, error, config.logLevel === "debug");
    // Whoever parses the log finds the last word there too.
    const exitCode = exitCodeOf(error);
    log.error(cliEvent.failed.name, errorText(error), { command: command.help.name, exitCode });
    await log.flush();
    return exitCode;
  }
}
