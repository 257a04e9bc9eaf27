/** The rows that every command has that reads the configuration file. */
import { availableParallelism, hostname } from "node:os";
import { logFormats, logLevels } from "./log-config.ts";
import { setting } from "./setting.ts";
import { oneOf, pathKind } from "./value-kinds.ts";

/** What a default is taken from. */
export interface Machine {
  readonly cores: number;
  readonly platform: string;
  readonly hostname: string;
}

export function thisMachine(): Machine {
  return { cores: availableParallelism(), platform: process.platform, hostname: hostname() };
}

/** Rows that every command has, under the keys of its section. */
export function generalSettings(section: string) {
  const group = "General";
  return {
    config: setting({
      flag: "config",
      short: "c",
      keys: [],
      environment: "LIPPYCAT_CONFIG",
      kind: pathKind,
      fallback: "",
      fallbackText: "~/.config/lippycat/config.yaml if it exists",
      help: "Configuration file (YAML)",
      group,
    }),
    logFormat: setting({
      flag: "log-format",
      keys: [`${section}.log_format`],
      kind: oneOf(logFormats),
      fallback: "text",
      help: "Format of log lines: text for people, json for programs",
      group,
    }),
    logLevel: setting({
      flag: "log-level",
      keys: [`${section}.log_level`],
      kind: oneOf(logLevels),
      fallback: "info",
      help: "Log lines of this level and above",
      group,
    }),
  };
}
