/** The settings of `weir hunt`, and the plain configuration made of them. */
import type { HuntConfig } from "../config/hunt-config.ts";
import { placeOf, type ResolvedTable } from "../config/setting.ts";
import { dialConfigOf, dialProblems, dialWarnings } from "./dial-choice.ts";
import { refusedByDial } from "./dial-flags.ts";
import type { Machine } from "./flags.ts";
import { type HuntSettings, huntSettings } from "./hunt-flags.ts";
import { type Loaded, loadSettings, type Surroundings } from "./load-settings.ts";

/** The settings of `weir hunt`, with everything that is wrong with them. */
export function loadHuntSettings(
  surroundings: Surroundings,
  machine?: Machine,
): Loaded<HuntSettings> {
  const names = { section: "hunter", refused: refusedByDial("hunter") };
  const loaded = loadSettings(huntSettings(machine), names, surroundings);
  return {
    ...loaded,
    problems: [...loaded.problems, ...inputProblems(loaded), ...dialProblems(loaded)],
    warnings: [...loaded.warnings, ...dialWarnings(loaded.settings)],
  };
}

function inputProblems({ settings, problems }: Loaded<HuntSettings>): string[] {
  const { read, loop } = settings;
  if (read.value === "" && !problems.some((text) => text.includes("--read"))) {
    return ["--read is needed: a capture file, or - for standard input"];
  }
  if (read.value === "-" && loop.value !== 1) {
    return [`${placeOf(loop.origin)}: standard input can be read once only`];
  }
  return [];
}

/** The plain data that the hunter runs with, once nothing is wrong. */
export function huntConfigOf(settings: ResolvedTable<HuntSettings>): HuntConfig {
  return {
    read: settings.read.value,
    processor: settings.processor.value,
    dial: dialConfigOf(settings),
    hunterId: settings.hunterId.value,
    interfaceName: settings.interfaceName.value,
    loopCount: settings.loop.value,
    ratePackets: settings.rate.value,
    batchPackets: settings.batchSize.value,
    batchTimeoutMs: settings.batchTimeout.value,
    progress: settings.progress.value,
    logFormat: settings.logFormat.value,
    logLevel: settings.logLevel.value,
  };
}
