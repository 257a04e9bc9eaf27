/** The settings of `weir process`, and the plain configuration made of them. */
import type { AccessConfig } from "../config/access-config.ts";
import { type ConfigFile, defaultFilterPath } from "../config/config-file.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { placeOf } from "../config/setting.ts";
import { loadAccess } from "./access-config.ts";
import { type Machine, type ProcessSettings, processSettings } from "./flags.ts";
import { type Loaded, loadSettings, type Surroundings } from "./load-settings.ts";
import { refusedByProcess } from "./refused-flags.ts";
import { servingProblems, tlsConfigOf } from "./serving-choice.ts";

export interface LoadedProcess extends Loaded<ProcessSettings> {
  readonly access: AccessConfig;
}

const names = {
  section: "processor",
  moreSections: ["security", "security.api_keys"],
  lists: ["security.api_keys.keys", "security.identities"],
  refused: refusedByProcess,
} as const;

/** The settings of `weir process`, with everything that is wrong with them. */
export function loadProcessSettings(surroundings: Surroundings, machine?: Machine): LoadedProcess {
  let file: ConfigFile | undefined;
  const loaded = loadSettings(processSettings(machine), names, surroundings, (taken) => {
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
function recordingProblems({ settings }: Loaded<ProcessSettings>): string[] {
  const problems: string[] = [];
  const { rotateSize, rotateInterval, rotateFiles } = settings;
  if (rotateFiles.value > 0 && rotateSize.value === 0 && rotateInterval.value === 0) {
    const place = placeOf(rotateFiles.origin);
    problems.push(`${place}: needs --rotate-size or --rotate-interval as well`);
  }
  const { value: path, origin: named } = settings.writeFile;
  // A name that was refused is told already.
  if (path !== "" || named.source === "flag" || named.source === "environment") return problems;
  const { ack, diskReserve } = settings;
  for (const { value, origin } of [rotateSize, rotateInterval, rotateFiles, diskReserve]) {
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
    listen: settings.listen.value,
    tls: tlsConfigOf(settings),
    processorId: settings.processorId.value,
    maxHunters: settings.maxHunters.value,
    maxSubscribers: settings.maxSubscribers.value,
    writeFile: settings.writeFile.value,
    filterFile: settings.filterFile.value || noFile,
    access,
    stats: settings.stats.value,
    statsIntervalMs: settings.statsInterval.value,
    enableDetection: settings.enableDetection.value,
    workers: settings.workers.value,
    ack: settings.ack.value,
    rotateSizeBytes: settings.rotateSize.value,
    rotateIntervalMs: settings.rotateInterval.value,
    rotateFiles: settings.rotateFiles.value,
    diskReserveBytes: settings.diskReserve.value,
    subscriberBuffer: settings.subscriberBuffer.value,
    messageBytesMax: settings.maxMessageSize.value,
    logFormat: settings.logFormat.value,
    logLevel: settings.logLevel.value,
  };
}
