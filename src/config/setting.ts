/**
 * Configuration: what a setting is, where its value may come from, and which source wins.
 * The tables of settings are in src/cli; this room knows no name of any of them.
 */
import type { Refusal, ValueKind } from "./value-kinds.ts";

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
  readonly fallback: T;
  /** How the help shows the default; nothing when "". */
  readonly fallbackText?: string;
  readonly help: string;
  readonly group: string;
  /** Set while the work behind the setting is not in this build: any value but the default is
   * refused with these words, never ignored. */
  readonly missing?: string;
  /** Why an empty value of a flag or variable, such as a shell variable that is not set makes, is
   * refused; in the file it stays the value "". Without this an empty variable counts as not set. */
  readonly emptyRefused?: string;
  /** A judgement beyond the type, as the words that follow the value; undefined when it is good. */
  readonly check?: (value: T) => string | undefined;
}

/** Names are those of the fields in code. */
// biome-ignore lint/suspicious/noExplicitAny: each row has a type of its own
export type SettingTable = Readonly<Record<string, Setting<any>>>;

/** For inference: the row with its own value type. */
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

/** A name that other programs know and this one refuses, with the reason. */
export interface RefusedName {
  readonly flags: readonly string[];
  readonly short?: string;
  /** Dotted keys; what stands below them is refused with them. */
  readonly keys: readonly string[];
  readonly reason: string;
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refusal" in value;
}
