/** The settings of a command out of its words, the environment and the configuration file. */
import { type ConfigFile, defaultConfigPath, readConfigFile } from "../config/config-file.ts";
import { type Environment, readEnvironmentSettings } from "../config/environment-settings.ts";
import type { generalSettings } from "../config/general-settings.ts";
import { resolveSettings } from "../config/resolve-settings.ts";
import type { Given, ResolvedTable, SettingTable, UnsupportedName } from "../config/setting.ts";
import { readYamlSettings, type YamlSettings } from "../config/yaml-settings.ts";
import { type Argv, readArgv } from "./argv.ts";

/** Where a command's settings come from; a test gives its own. */
export interface Surroundings {
  /** The arguments after the command's name. */
  readonly words: readonly string[];
  readonly environment: Environment;
  /** Home directory, "" when there is none. */
  readonly home: string;
}

/** The names that belong to a command besides its table. */
export interface CommandNames {
  /** Section of the YAML file and of the environment: `processor`. */
  readonly section: string;
  /** Further sections of which the command knows every key. */
  readonly moreSections?: readonly string[];
  /** Keys of the file whose values are lists: who takes the file reads them. */
  readonly lists?: readonly string[];
  readonly unsupported: readonly UnsupportedName[];
}

export interface Loaded<Table extends SettingTable> {
  readonly argv: Argv;
  readonly settings: ResolvedTable<Table>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

type Common = Pick<ReturnType<typeof generalSettings>, "config">;

/**
 * Read flags, environment and the configuration file by one table; see `resolveSettings`.
 * @param takeFile gets the configuration file, if there is one
 */
export function loadSettings<Table extends SettingTable & Common>(
  table: Table,
  names: CommandNames,
  surroundings: Surroundings,
  takeFile: (file: ConfigFile) => void = () => {},
): Loaded<Table> {
  const argv = readArgv(surroundings.words, table, names.unsupported);
  const environment = readEnvironmentSettings(
    surroundings.environment,
    table,
    sectionsOf(names),
    names.unsupported,
  );
  const outside = { flags: argv.flags, environment: environment.given };
  const file = readFile(table, names, outside, surroundings.home, takeFile);
  const { settings, problems } = resolveSettings(
    table,
    { ...outside, file: file.given },
    { home: surroundings.home },
  );
  return {
    argv,
    settings,
    problems: [...argv.problems, ...environment.problems, ...file.problems, ...problems],
    warnings: [...environment.warnings, ...file.warnings],
  };
}

function sectionsOf({ section, moreSections = [] }: CommandNames): readonly string[] {
  return [section, ...moreSections];
}

function readFile(
  table: SettingTable & Common,
  names: CommandNames,
  outside: { flags: ReadonlyMap<string, Given>; environment: ReadonlyMap<string, Given> },
  home: string,
  takeFile: (file: ConfigFile) => void,
): YamlSettings {
  const none = { given: new Map(), problems: [], warnings: [] };
  const sources = { ...outside, file: none.given };
  const { config } = resolveSettings({ config: table.config }, sources, { home }).settings;
  const asked = config.value !== "";
  if (!asked && home === "") return none;
  const file = readConfigFile(asked ? config.value : defaultConfigPath(home), asked);
  if (file === undefined) return none;
  if (typeof file === "string") return { ...none, problems: [file] };
  takeFile(file);
  const rows = Object.values(table);
  return readYamlSettings(file, {
    sections: sectionsOf(names),
    lists: names.lists ?? [],
    keys: new Set(rows.flatMap((row) => row.keys)),
    shownKeys: rows.flatMap((row) => row.keys.slice(0, 1)),
    unsupported: names.unsupported,
  });
}
