/** Opening the first file at start: every way in which it cannot be had, as one clear line. */
import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errorText, systemCode, WeirError } from "../base/errors.ts";
import { foreignLink } from "../base/file-owner.ts";
import type { CaptureWriter } from "./capture-writer.ts";
import { isPassing } from "./io-failure.ts";
import type { RecorderConfig } from "./recorder-config.ts";
import type { SeriesContext } from "./series-context.ts";

export interface OpenedCapture {
  /** The file that is written first; with rotation the first of its numbers. */
  readonly path: string;
  /** Size that it had before: above 0 when it is continued. */
  readonly size: number;
}

export interface OpenResult {
  readonly opened: OpenedCapture;
  readonly writer: CaptureWriter;
  readonly context: SeriesContext;
}

/** Throws WeirError `directory-missing`, `file-in-use`, `file-not-regular`, `file-not-ours` or
 * `file-unwritable`. */
export async function openCapture(
  config: RecorderConfig,
  create: (resolved: RecorderConfig) => { writer: CaptureWriter; context: SeriesContext },
): Promise<OpenResult> {
  const path = resolvePath(config.path);
  const { writer, context } = create({ ...config, path });
  try {
    await writer.open();
  } catch (error) {
    // A disk that is full at start may have room later; hunters are told to pause until then.
    if (!isPassing(error) || writer.series[0]?.isStarted !== true) {
      for (const series of writer.series) series.unlock();
      if (error instanceof WeirError) throw error;
      throw new WeirError("file-unwritable", `cannot record to ${path}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
  const current = writer.series[0]?.current;
  return { opened: { path: current?.path ?? path, size: current?.size ?? 0 }, writer, context };
}

/** The same file has one path, whatever links lead to it: the lock goes by it. */
function resolvePath(given: string): string {
  const path = resolve(given);
  if (statOf(dirname(path))?.isDirectory() !== true) {
    const text = `cannot record to ${path}: ${whyNoDirectory(dirname(path))}`;
    throw new WeirError("directory-missing", text);
  }
  const foreign = foreignLink(path);
  if (foreign !== "") {
    throw new WeirError("file-not-ours", `cannot record to ${path}: ${foreign}`);
  }
  const file = statOf(path);
  if (file === undefined) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      const text = `it is a symbolic link to ${readlinkSync(path)}, which does not exist`;
      throw new WeirError("file-not-regular", `cannot record to ${path}: ${text}`);
    }
    return resolve(realpathSync(dirname(path)), path.slice(dirname(path).length + 1));
  }
  if (!file.isFile()) {
    throw new WeirError("file-not-regular", `cannot record to ${path}: it is not a regular file`);
  }
  return realpathSync(path);
}

/** What stands on the way to the directory, or that nothing does. */
function whyNoDirectory(directory: string): string {
  for (let on = directory; ; on = dirname(on)) {
    const found = statOf(on);
    if (found?.isFile() === true) return `${on} is a file and not a directory`;
    if (found?.isDirectory() === false) return `${on} is not a directory`;
    if (found !== undefined || on === dirname(on))
      return `the directory ${directory} does not exist`;
  }
}

function statOf(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw new WeirError("file-unwritable", `cannot record to ${path}: ${reasonOf(error)}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
};

function reasonOf(error: unknown): string {
  return reasons[systemCode(error)] ?? errorText(error);
}
