/** Which content a path leads to, told by its metadata and without reading it. */
import { type BigIntStats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { systemCode } from "./errors.ts";

/** Another text for another content; "" while there is no file. */
export type FileMark = string;

type MarkedStats = Pick<BigIntStats, "dev" | "ino" | "size" | "mtimeNs" | "mode">;

/** Not by the time of the last status change: a rename sets that, too. */
export function markOf({ size, dev, ino, mtimeNs, mode }: MarkedStats): FileMark {
  return [size, dev, ino, mtimeNs, mode].join(" ");
}

/** The mark of what could not be looked at or read. */
export function markOfFailure(error: unknown): FileMark {
  return isAbsence(error) ? "" : `failed ${systemCode(error)}`;
}

/** Follows links. Never rejects. */
export async function readMark(path: string): Promise<FileMark> {
  try {
    return markOf(await stat(path, { bigint: true }));
  } catch (error) {
    return markOfFailure(error);
  }
}

/** `readMark` without letting go of the thread. */
export function readMarkSync(path: string): FileMark {
  try {
    return markOf(statSync(path, { bigint: true }));
  } catch (error) {
    return markOfFailure(error);
  }
}

/** There is no file, or nothing in it. */
export function isEmptyMark(mark: FileMark): boolean {
  return mark === "" || mark.startsWith("0 ");
}

export function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(systemCode(error));
}
