import { homedir } from "node:os";
import { errorText } from "../base/errors.ts";
import type { LogFormat, LogLevel } from "../config/log-config.ts";
import type { ResolvedTable, SettingTable } from "../config/setting.ts";
import { createLog } from "../telemetry/log.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { type CommandHelp, renderHelp } from "./help.ts";
import type { Loaded, Surroundings } from "./load-settings.ts";
import { printErrors, printFailure, printOut } from "./print.ts";
import { versionText } from "./version.ts";

export interface Runnable<Table extends SettingTable, Config> {
  readonly help: CommandHelp;
  readonly table: Table;
  readonly load: (surroundings: Surroundings) => Loaded<Table>;
  readonly configOf: (settings: ResolvedTable<Table>) => Config;
  /** Do the work; the exit code. */
  readonly run: (config: Config) => Promise<number>;
}

/** What every command does around its work: help, version, settings, errors. The exit code. */
export async function runCommandLine<
  Table extends SettingTable,
  Config extends { readonly logFormat: LogFormat; readonly logLevel: LogLevel },
>(command: Runnable<Table, Config>, words: readonly string[]): Promise<number> {
  const who = `weir ${command.help.name}`;
  const loaded = command.load({ words, environment: process.env, home: homedir() });
  if (loaded.argv.help) {
    await printOut(renderHelp(command.help, command.table));
    return exitCodes.ok;
  }
  if (loaded.argv.version) {
    await printOut(versionText());
    return exitCodes.ok;
  }
  if (loaded.problems.length > 0) {
    await printErrors(`${who}: warning`, loaded.warnings);
    await printErrors(who, loaded.problems);
    return exitCodes.usage;
  }
  const config = command.configOf(loaded.settings);
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  for (const warning of loaded.warnings) log.warn("configuration-doubtful", warning);
  await log.flush();
  try {
    return await command.run(config);
  } catch (error) {
    if (config.logFormat === "text") return printFailure(who, error, config.logLevel === "debug");
    // Whoever parses the log finds the last word there too.
    const exitCode = exitCodeOf(error);
    log.error("command-failed", errorText(error), { command: command.help.name, exitCode });
    await log.flush();
    return exitCode;
  }
}
