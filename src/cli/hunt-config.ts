/** The settings of `weir hunt`, judged and made a configuration. */
import { unsupportedByDial } from "../config/dial-settings.ts";
import type { Machine } from "../config/general-settings.ts";
import type { HuntConfig } from "../config/hunt-config.ts";
import { type HuntSettings, huntSettings } from "../config/hunt-settings.ts";
import { configOf, placeOf, type ResolvedTable } from "../config/setting.ts";
import { dialConfigOf, dialProblems, dialWarnings } from "./dial-choice.ts";
import { type Loaded, loadSettings, type Surroundings } from "./load-settings.ts";

/** The settings of `weir hunt`, with everything that is wrong with them. */
export function loadHuntSettings(
  surroundings: Surroundings,
  machine?: Machine,
): Loaded<HuntSettings> {
  const names = { section: "hunter", unsupported: unsupportedByDial("hunter") };
  const loaded = loadSettings(huntSettings(machine), names, surroundings);
  return {
    ...loaded,
    problems: [...loaded.problems, ...inputProblems(loaded), ...dialProblems(loaded)],
    warnings: [...loaded.warnings, ...dialWarnings(loaded.settings)],
  };
}

function inputProblems({ settings, problems }: Loaded<HuntSettings>): string[] {
  const { read, loopCount } = settings;
  if (read.value === "" && !problems.some((text) => text.includes("--read"))) {
    return ["--read is needed: a capture file, or - for standard input"];
  }
  if (read.value === "-" && loopCount.value !== 1) {
    return [`${placeOf(loopCount.origin)}: standard input can be read only once`];
  }
  return [];
}

/** The plain data that the hunter runs with, once nothing is wrong. */
export function huntConfigOf(settings: ResolvedTable<HuntSettings>): HuntConfig {
  return { ...configOf<HuntSettings>(settings), dial: dialConfigOf(settings) };
}
