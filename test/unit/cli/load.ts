import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadClientSettings } from "../../../src/cli/client-command.ts";
import { loadHuntSettings } from "../../../src/cli/hunt-config.ts";
import { loadProcessSettings } from "../../../src/cli/process-config.ts";
import type { Machine } from "../../../src/config/general-settings.ts";

export const machine: Machine = { cores: 4, platform: "linux", hostname: "edge-1" };

export interface Situation {
  readonly words?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Text of ~/.config/lippycat/config.yaml. */
  readonly yaml?: string;
}

/** Run `body` with a home directory that holds `yaml` as its configuration file. */
function withHome<T>(yaml: string | undefined, body: (home: string) => T): T {
  const home = mkdtempSync(join(tmpdir(), "weir-home-"));
  try {
    if (yaml !== undefined) {
      mkdirSync(join(home, ".config/lippycat"), { recursive: true });
      writeFileSync(join(home, ".config/lippycat/config.yaml"), yaml);
    }
    return body(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** Settings of `weir process`; `~` in problems stands for the home directory. */
export function loadProcess({ words = [], environment = {}, yaml }: Situation) {
  return withHome(yaml, (home) => {
    const loaded = loadProcessSettings({ words, environment, home }, machine);
    const shorten = (text: string) => text.replaceAll(home, "~");
    return {
      ...loaded,
      home,
      problems: loaded.problems.map(shorten),
      warnings: loaded.warnings.map(shorten),
    };
  });
}

export function loadHunt({ words = [], environment = {}, yaml }: Situation) {
  return withHome(yaml, (home) => loadHuntSettings({ words, environment, home }, machine));
}

/** Settings that all commands have that ask a node. */
export function loadClient({ words = [], environment = {}, yaml }: Situation) {
  return withHome(yaml, (home) => {
    const loaded = loadClientSettings({ rows: {} }, { words, environment, home });
    const shorten = (text: string) => text.replaceAll(home, "~");
    return { ...loaded, problems: loaded.problems.map(shorten) };
  });
}

/** The problems of `weir process --insecure` with these words. */
export function problemsOf(...words: string[]): readonly string[] {
  return loadProcess({ words: ["--insecure", ...words] }).problems;
}
