/** Which source of a setting wins. */
import {
  environmentNamesOf,
  type Given,
  isFault,
  placeOf,
  type Resolved,
  type ResolvedTable,
  type Setting,
  type SettingTable,
} from "./setting.ts";
import type { ParseContext } from "./value-kinds.ts";
import { yamlCollection, yamlNull } from "./yaml-settings.ts";

/** What each source says: flags by field name, environment by variable, file by dotted key. */
export interface Sources {
  readonly flags: ReadonlyMap<string, Given>;
  readonly environment: ReadonlyMap<string, Given>;
  readonly file: ReadonlyMap<string, Given>;
}

export interface Resolution<Table extends SettingTable> {
  readonly settings: ResolvedTable<Table>;
  readonly problems: readonly string[];
}

/**
 * Flags > environment > file > defaults, for every row of the table. A value that is ill-typed is a
 * problem also where another source wins: it says that somebody believes something else.
 */
export function resolveSettings<Table extends SettingTable>(
  table: Table,
  sources: Sources,
  context: ParseContext,
): Resolution<Table> {
  const problems: string[] = [];
  const settings: Record<string, Resolved<unknown>> = {};
  for (const [name, row] of Object.entries(table)) {
    const given = [
      ...pick(sources.flags, [name], problems),
      ...pick(sources.environment, environmentNamesOf(row), problems),
      ...pick(sources.file, row.keys, problems),
    ];
    settings[name] = resolveOne(row, given, context, problems);
  }
  return { settings: settings as ResolvedTable<Table>, problems };
}

/** The one value that a source gives under any of the names of a setting. */
function pick(
  source: ReadonlyMap<string, Given>,
  names: readonly string[],
  problems: string[],
): Given[] {
  const found = names.flatMap((name) => source.get(name) ?? []);
  const [first, second] = found;
  if (first !== undefined && second !== undefined) {
    problems.push(
      `${placeOf(second.origin)} and ${placeOf(first.origin)} set the same thing twice`,
    );
  }
  return first === undefined ? [] : [first];
}

function resolveOne(
  row: Setting<unknown>,
  given: readonly Given[],
  context: ParseContext,
  problems: string[],
): Resolved<unknown> {
  let winner: Resolved<unknown> | undefined;
  for (const { origin, value: raw } of given) {
    const isEmpty = raw === "" && origin.source !== "file";
    const value =
      isEmpty && row.emptyFault !== undefined
        ? { fault: row.emptyFault }
        : parseGiven(row, raw, context);
    const fault = isFault(value) ? value.fault : row.check?.(value);
    if (fault !== undefined) problems.push(`${placeOf(origin)}: ${fault}`);
    winner ??= { value, origin };
  }
  if (winner === undefined) return { value: row.fallback, origin: { source: "default" } };
  if (isFault(winner.value)) return { value: row.fallback, origin: winner.origin };
  if (row.missing !== undefined && winner.value !== row.fallback) {
    problems.push(`${placeOf(winner.origin)}: ${row.missing}`);
  }
  return winner;
}

function parseGiven(row: Setting<unknown>, raw: unknown, context: ParseContext): unknown {
  if (typeof raw === "string") return row.kind.parse(raw, context);
  if (raw === yamlCollection) return { fault: "one value is expected, not a list or a map" };
  if (raw === yamlNull) return row.kind.emptyIs ?? { fault: "the value is missing" };
  const text = String(raw);
  const value = row.kind.parse(text, context);
  if (isFault(value) || row.kind.yamlTypes.includes(typeof raw)) return value;
  return { fault: `YAML reads ${text} as a ${typeof raw}; write "${text}"` };
}
