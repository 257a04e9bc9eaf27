/** The configuration file: where it is, and its text. */
import { join } from "node:path";
import { limits } from "./limits.ts";
import { readTextFile } from "./text-file.ts";

export interface ConfigFile {
  /** As errors name it. */
  readonly path: string;
  readonly text: string;
  /** It was named, so that everything in it is meant; the default file is shared with other programs. */
  readonly asked: boolean;
}

/** Where the file is looked for when --config names none. */
export function defaultConfigPath(home: string): string {
  return join(home, ".config", "lippycat", "config.yaml");
}

/** Where the filters are when --filter-file names no other place. */
export function defaultFilterPath(home: string): string {
  return join(home, ".config", "lippycat", "filters.yaml");
}

/**
 * Read the configuration file. A file that was asked for must be there; the default one may be
 * missing, and is then undefined. Anything else that goes wrong is the text of a problem.
 */
export function readConfigFile(path: string, asked: boolean): ConfigFile | undefined | string {
  const file = readTextFile(path, limits.configFileBytesMax, "configuration file");
  if ("bytes" in file) return { path, text: file.bytes.toString("utf8"), asked };
  return file.missing && !asked ? undefined : `${path}: ${file.fault}`;
}
