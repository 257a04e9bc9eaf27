import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "./limits.ts";

export interface ConfigFile {
  /** As errors name it. */
  readonly path: string;
  readonly text: string;
}

/** Where the file is looked for when --config names none. */
export function defaultConfigPath(home: string): string {
  return join(home, ".config", "lippycat", "config.yaml");
}

/**
 * Read the configuration file. A file that was asked for must be there; the default one may be
 * missing, and is then undefined. Anything else that goes wrong is the text of a problem.
 */
export function readConfigFile(path: string, asked: boolean): ConfigFile | undefined | string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const code = systemCode(error);
    if (!asked && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    return `${path}: cannot read the configuration file: ${errorText(error)}`;
  }
  try {
    if (fstatSync(fd).isDirectory()) return `${path}: is a directory, not a configuration file`;
    const bytes = readAtMost(fd, limits.configFileBytesMax + 1);
    if (bytes.length > limits.configFileBytesMax) {
      return `${path}: is larger than ${limits.configFileBytesMax.toLocaleString("en-US")} bytes`;
    }
    return { path, text: bytes.toString("utf8") };
  } catch (error) {
    return `${path}: cannot read the configuration file: ${errorText(error)}`;
  } finally {
    closeSync(fd);
  }
}

/** Up to the end or `bytesMax`: a pipe has no size, and a device may have no end. */
function readAtMost(fd: number, bytesMax: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const count = readSync(fd, buffer, length, bytesMax - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
