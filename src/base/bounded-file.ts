/** Reads a file whole, up to a ceiling. What goes wrong is an answer and no exception. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { byteSize } from "./byte-size.ts";
import { errorText, systemCode } from "./errors.ts";
import { type FileMark, isAbsence, markOf, markOfFailure, readMarkSync } from "./file-mark.ts";
import { foreignHidden, foreignLink } from "./file-owner.ts";

export interface FileBytes {
  readonly bytes: Buffer;
  /** From before reading: what is written meanwhile makes another. */
  readonly mark: FileMark;
  readonly mode: number;
  readonly uid: number;
}

export interface UnreadFile {
  /** `special` is a pipe or a device, which cannot be read twice. */
  readonly kind: "missing" | "directory" | "special" | "large" | "failed";
  /** Words that follow the path. */
  readonly fault: string;
  readonly mark: FileMark;
}

export type FileContent = FileBytes | UnreadFile;

/**
 * `regular` refuses pipes and devices, and does not wait for the writer of a pipe; `hidden` also refuses
 * links, and what another user has written or could write.
 */
export type Readable = "hidden" | "regular" | "any";

/** Never rejects. */
export async function readBoundedFile(
  path: string,
  bytesMax: number,
  readable: Readable,
): Promise<FileContent> {
  let handle: FileHandle | undefined;
  try {
    const link = readable === "hidden" ? "" : foreignLink(path);
    if (link !== "") return refused(link, readMarkSync(path));
    const wait = readable === "any" ? 0 : constants.O_NONBLOCK;
    const follow = readable === "hidden" ? constants.O_NOFOLLOW : 0;
    handle = await open(path, constants.O_RDONLY | wait | follow);
    return await readOpenFile(handle, bytesMax, readable);
  } catch (error) {
    const isLink = readable === "hidden" && systemCode(error) === "ELOOP";
    return isLink ? refused("it is a symbolic link", markOfFailure(error)) : failed(error);
  } finally {
    await handle?.close();
  }
}

/** The same of a file that was opened and not read yet, and stays open. Rejects as the system does. */
export async function readOpenFile(
  handle: FileHandle,
  bytesMax: number,
  readable: Readable,
): Promise<FileContent> {
  const stats = await handle.stat({ bigint: true });
  const room = roomFor(stats, bytesMax, readable);
  if ("fault" in room) return room;
  let length = 0;
  for (let count = 1; count > 0 && length < room.length; length += count) {
    count = (await handle.read(room, length, room.length - length, null)).bytesRead;
  }
  return contentOf(room.subarray(0, length), stats, bytesMax);
}

/** Any file, pipe or device, for programs that have nothing else to do meanwhile. Never throws. */
export function readBoundedFileSync(path: string, bytesMax: number): FileContent {
  let file: number | undefined;
  try {
    const link = foreignLink(path);
    if (link !== "") return refused(link, readMarkSync(path));
    file = openSync(path, "r");
    const stats = fstatSync(file, { bigint: true });
    const room = roomFor(stats, bytesMax, "any");
    if ("fault" in room) return room;
    let length = 0;
    for (let count = 1; count > 0 && length < room.length; length += count) {
      count = readSync(file, room, length, room.length - length, null);
    }
    return contentOf(room.subarray(0, length), stats, bytesMax);
  } catch (error) {
    return failed(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Where to read to. A pipe has no size, a device may have no end, and some files say that they are empty. */
function roomFor(stats: BigIntStats, bytesMax: number, readable: Readable): Buffer | UnreadFile {
  const mark = markOf(stats);
  if (stats.isDirectory())
    return { kind: "directory", fault: "it is a directory, not a file", mark };
  const foreign = readable === "hidden" ? foreignHidden(stats) : "";
  if (foreign !== "") return refused(foreign, mark);
  if (!stats.isFile() && readable !== "any") {
    return {
      kind: "special",
      fault: "it is not a regular file, so it could not be read again",
      mark,
    };
  }
  if (stats.isFile() && stats.size > BigInt(bytesMax)) return tooLarge(stats, bytesMax);
  return Buffer.allocUnsafe((stats.size > 0n ? Number(stats.size) : bytesMax) + 1);
}

function contentOf(bytes: Buffer, stats: BigIntStats, bytesMax: number): FileContent {
  if (bytes.length > bytesMax) return tooLarge(stats, bytesMax);
  return { bytes, mark: markOf(stats), mode: Number(stats.mode), uid: Number(stats.uid) };
}

function tooLarge(stats: BigIntStats, bytesMax: number): UnreadFile {
  const fault = `it is larger than ${byteSize(bytesMax)}`;
  return { kind: "large", fault, mark: markOf(stats) };
}

function refused(reason: string, mark: FileMark): UnreadFile {
  return { kind: "failed", fault: `it is not read: ${reason}`, mark };
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its symbolic links lead nowhere",
};

function failed(error: unknown): UnreadFile {
  const mark = markOfFailure(error);
  if (isAbsence(error)) return { kind: "missing", fault: "there is no such file", mark };
  const reason = reasons[systemCode(error)] ?? errorText(error);
  return { kind: "failed", fault: `it cannot be read: ${reason}`, mark };
}
