/**
 * What a setting is, and the types that follow from a table of settings. The tables are the files
 * `*-settings.ts` beside this one; docs/extending.md shows how to add a row.
 */
import type { Fault, ValueKind } from "./value-kinds.ts";

/** One row of the table: flag, configuration key, environment variable, type, default, help. */
export interface Setting<T> {
  /** Long name, without dashes; "" for what only the environment can say. */
  readonly flag: string;
  readonly short?: string;
  /** Today's spellings of other programs (docs/wire.md#flags); accepted, not in the help. */
  readonly otherFlags?: readonly { readonly flag: string; readonly short?: string }[];
  /** Dotted YAML keys, the first is ours. Each also makes an environment variable. */
  readonly keys: readonly string[];
  /** An environment variable for a setting without a key. */
  readonly environment?: string;
  readonly kind: ValueKind<T>;
  readonly fallback: NoInfer<T>;
  /** How the help shows the default; nothing when "". */
  readonly fallbackText?: string;
  readonly help: string;
  readonly group: string;
  /** Set while the work behind the setting is not in this build: any value but the default is
   * a problem with these words, never ignored. */
  readonly missing?: string;
  /** What is wrong with an empty value of a flag or variable, such as a shell variable that is not set
   * makes; in the file it stays the value "". Without this an empty variable counts as not set. */
  readonly emptyFault?: string;
  /** A judgement beyond the type, as the words that follow the value; undefined when it is good. */
  readonly check?: (value: NoInfer<T>) => string | undefined;
}

/** Rows by the names of the fields in code, which end in a unit where there is one: `syncDelayMs`. */
// biome-ignore lint/suspicious/noExplicitAny: each row has a type of its own
export type SettingTable = Readonly<Record<string, Setting<any>>>;

/** For inference: the row with the value type of its kind. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

export type Origin =
  | { readonly source: "flag"; readonly name: string }
  | { readonly source: "environment"; readonly name: string }
  | { readonly source: "file"; readonly path: string; readonly line: number; readonly key: string }
  | { readonly source: "default" };

/** A raw value and where it stood. */
export interface Given {
  readonly origin: Origin;
  /** Text as written, or what YAML made of it. */
  readonly value: unknown;
}

export interface Resolved<T> {
  readonly value: T;
  readonly origin: Origin;
}

export type ResolvedTable<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? Resolved<T> : never;
};

type ValueOf<Row> = Row extends Setting<infer T> ? T : never;

/** The values of a table: what a command runs with. */
export type ConfigOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

type Below<Name, Prefix extends string> = Name extends `${Prefix}${infer Rest}`
  ? Uncapitalize<Rest>
  : never;

/** Those of the fields whose names begin with `Prefix`, without it: `tlsCaFile` is `caFile`. */
export type ConfigBelow<Table, Prefix extends string> = {
  readonly [Name in keyof Table as Below<Name, Prefix>]: ValueOf<Table[Name]>;
};

export function configOf<Table extends SettingTable>(
  settings: ResolvedTable<Table>,
): ConfigOf<Table> {
  const values = Object.entries<Resolved<unknown>>(settings).map(([name, { value }]) => [
    name,
    value,
  ]);
  return Object.fromEntries(values) as ConfigOf<Table>;
}

export function configBelow<Table extends SettingTable, Prefix extends string>(
  settings: ResolvedTable<Table>,
  prefix: Prefix,
): ConfigBelow<Table, Prefix> {
  const values: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries<Resolved<unknown>>(settings)) {
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    values[rest.charAt(0).toLowerCase() + rest.slice(1)] = value;
  }
  return values as ConfigBelow<Table, Prefix>;
}

/** The place of a value as an error names it: `--listen`, `LIPPYCAT_…`, `config.yaml:12: key`. */
export function placeOf(origin: Origin): string {
  if (origin.source === "default") return "default";
  if (origin.source === "file") return `${origin.path}:${origin.line}: ${origin.key}`;
  return origin.name;
}

export const environmentPrefix = "LIPPYCAT_";

/** `processor.listen_addr` is `LIPPYCAT_PROCESSOR_LISTEN_ADDR`. */
export function environmentNameOf(key: string): string {
  return environmentPrefix + key.replaceAll(".", "_").toUpperCase();
}

export function environmentNamesOf(row: Setting<unknown>): string[] {
  const names = row.keys.map(environmentNameOf);
  return row.environment === undefined ? names : [row.environment, ...names];
}

/** A key or variable that opens the node when it is not read as it was meant. */
export function concernsSecurity(name: string): boolean {
  return /(?:^|[._])(?:tls|security|api_key|insecure)/i.test(name);
}

/** A name that other programs know and this one does not take, with the reason. */
export interface UnsupportedName {
  readonly flags: readonly string[];
  readonly short?: string;
  /** Dotted keys; what stands below them goes with them. */
  readonly keys: readonly string[];
  readonly reason: string;
}

export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "fault" in value;
}
