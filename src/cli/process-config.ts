/** The settings of `weir process`, judged and made a configuration. */
import type { AccessConfig } from "../config/access-config.ts";
import { type ConfigFile, defaultFilterPath } from "../config/config-file.ts";
import type { Machine } from "../config/general-settings.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { type ProcessorSettings, processorSettings } from "../config/processor-settings.ts";
import { configOf, placeOf } from "../config/setting.ts";
import { unsupportedByProcess } from "../config/unsupported-settings.ts";
import { loadAccess } from "./access-config.ts";
import { type Loaded, loadSettings, type Surroundings } from "./load-settings.ts";
import { servingProblems, tlsConfigOf } from "./serving-choice.ts";

export interface LoadedProcess extends Loaded<ProcessorSettings> {
  readonly access: AccessConfig;
}

const names = {
  section: "processor",
  moreSections: ["security", "security.api_keys"],
  lists: ["security.api_keys.keys", "security.identities"],
  unsupported: unsupportedByProcess,
} as const;

/** The settings of `weir process`, with everything that is wrong with them. */
export function loadProcessSettings(surroundings: Surroundings, machine?: Machine): LoadedProcess {
  let file: ConfigFile | undefined;
  const loaded = loadSettings(processorSettings(machine), names, surroundings, (taken) => {
    file = taken;
  });
  // What is wrong with the file as a whole is told already.
  const isReadable = loaded.problems.length === 0;
  const { access, ...said } = loadAccess(loaded, isReadable ? file : undefined);
  const problems = [
    ...loaded.problems,
    ...servingProblems(loaded),
    ...recordingProblems(loaded),
    ...(isReadable ? said.problems : []),
  ];
  return { ...loaded, access, problems, warnings: [...loaded.warnings, ...said.warnings] };
}

/** What only makes sense together with something else. */
function recordingProblems({ settings }: Loaded<ProcessorSettings>): string[] {
  const problems: string[] = [];
  const { rotateSizeBytes, rotateIntervalMs, rotateFiles } = settings;
  if (rotateFiles.value > 0 && rotateSizeBytes.value === 0 && rotateIntervalMs.value === 0) {
    const place = placeOf(rotateFiles.origin);
    problems.push(`${place}: needs --rotate-size or --rotate-interval as well`);
  }
  const { value: path, origin: named } = settings.writeFile;
  // A wrong name is told already.
  if (path !== "" || named.source === "flag" || named.source === "environment") return problems;
  const { ack, diskReserveBytes } = settings;
  for (const { value, origin } of [
    rotateSizeBytes,
    rotateIntervalMs,
    rotateFiles,
    diskReserveBytes,
  ]) {
    if (value > 0) problems.push(`${placeOf(origin)}: nothing is recorded without --write-file`);
  }
  if (ack.value !== "written") {
    problems.push(`${placeOf(ack.origin)}: nothing is recorded without --write-file`);
  }
  return problems;
}

/**
 * The plain data that the node runs with, once nothing is wrong.
 * @param home where the filter file is that is not named; "" when there is no such place
 */
export function processorConfigOf(
  { settings, access }: Pick<LoadedProcess, "settings" | "access">,
  home: string,
): ProcessorConfig {
  const noFile = home === "" ? "" : defaultFilterPath(home);
  return {
    ...configOf<ProcessorSettings>(settings),
    filterFile: settings.filterFile.value || noFile,
    tls: tlsConfigOf(settings),
    access,
  };
}
