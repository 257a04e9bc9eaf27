/** Reads a file that a user named, and says what is wrong with it in the words of errors. */
import { readBoundedFileSync, type UnreadFile } from "../base/bounded-file.ts";
import type { Fault } from "./value-kinds.ts";

/** A file as errors name it, and its bytes. */
export interface TextFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export interface TextFileFault extends Fault {
  /** That there is no such file. */
  readonly missing: boolean;
}

/**
 * Read a file, a pipe or a device, of `bytesMax` at most. What goes wrong is words that follow the
 * path; `what` is what the file should be: "configuration file".
 */
export function readTextFile(
  path: string,
  bytesMax: number,
  what: string,
): TextFile | TextFileFault {
  const file = readBoundedFileSync(path, bytesMax);
  if ("bytes" in file) return { path, bytes: file.bytes };
  return { missing: file.kind === "missing", fault: faultWords(file, what) };
}

/** Why a file cannot be used: words that follow its path. */
export function faultWords({ kind, fault }: UnreadFile, what: string): string {
  return kind === "missing" ? `there is no such ${what}` : fault;
}
