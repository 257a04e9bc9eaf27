/** Settings that the environment gives. */
import { hintOf, nearestName } from "./nearest-name.ts";
import {
  concernsSecurity,
  environmentNameOf,
  environmentNamesOf,
  environmentPrefix,
  type Given,
  type SettingTable,
  type UnsupportedName,
} from "./setting.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentSettings {
  /** By the name of the variable. */
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
  /** Variables that look like settings and are none: they may be meant for another program. */
  readonly warnings: readonly string[];
}

/**
 * The variables that are set under the prefix and the command's sections. An empty one is as none,
 * but for settings that must not be empty.
 */
export function readEnvironmentSettings(
  environment: Environment,
  table: SettingTable,
  sections: readonly string[],
  unsupported: readonly UnsupportedName[],
): EnvironmentSettings {
  const rows = Object.values(table);
  const known = new Set(rows.flatMap(environmentNamesOf));
  const neverEmpty = rows.filter((row) => row.emptyFault !== undefined);
  const namedIfEmpty = new Set(neverEmpty.flatMap(environmentNamesOf));
  // A section of the file may be a part of one: what else is below that is no setting either.
  const starts = sections.map((section) => `${environmentNameOf(section.split(".")[0] ?? "")}_`);
  const isBelow = (name: string) => starts.some((start) => name.startsWith(start));
  const general = [...known].filter((name) => !isBelow(name));
  const given = new Map<string, Given>();
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const meant = name.replace(/^WEIR_/, environmentPrefix);
    if (meant !== name && known.has(meant)) {
      const text = `${name} is not read; the variable is ${meant}`;
      if (concernsSecurity(name)) problems.push(text);
      else warnings.push(text);
      continue;
    }
    if (!name.startsWith(environmentPrefix)) continue;
    if (value === "" && !namedIfEmpty.has(name)) continue;
    if (known.has(name)) {
      given.set(name, { origin: { source: "environment", name }, value });
      continue;
    }
    const reason = unsupported.find(({ keys }) => keys.some((key) => isUnder(name, key)))?.reason;
    if (reason !== undefined) {
      if (value.toLowerCase() !== "false" && value !== "0") problems.push(`${name}: ${reason}`);
    } else {
      const hint = hintOf(isBelow(name) ? nearestName(name, known) : slipOf(name, general));
      if (isBelow(name) || hint !== "") warnings.push(`${name} is not a setting${hint}`);
    }
  }
  return { given, problems, warnings };
}

/** The name that was meant, told by what follows the prefix that all of them have. */
function slipOf(name: string, known: readonly string[]): string | undefined {
  const rest = (full: string) => full.slice(environmentPrefix.length);
  const meant = nearestName(rest(name), known.map(rest));
  return meant === undefined ? undefined : `${environmentPrefix}${meant}`;
}

function isUnder(name: string, key: string): boolean {
  const start = environmentNameOf(key);
  return name === start || name.startsWith(`${start}_`);
}
