/** Reads a file whole, up to a ceiling. What goes wrong is an answer and no exception. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { errorText, systemCode } from "./errors.ts";
import { type FileMark, isAbsence, markOf, markOfFailure } from "./file-mark.ts";

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

/** `regular` refuses pipes and devices, and does not wait for the writer of a pipe. */
export type Readable = "regular" | "any";

/** Never rejects. */
export async function readBoundedFile(
  path: string,
  bytesMax: number,
  readable: Readable,
): Promise<FileContent> {
  let handle: FileHandle | undefined;
  try {
    const wait = readable === "any" ? 0 : constants.O_NONBLOCK;
    handle = await open(path, constants.O_RDONLY | wait);
    return await readOpenFile(handle, bytesMax, readable);
  } catch (error) {
    return failed(error);
  } finally {
    await handle?.close();
  }
}

/** The same of a file that was opened and not read yet. It stays open. Never rejects. */
export async function readOpenFile(
  handle: FileHandle,
  bytesMax: number,
  readable: Readable,
): Promise<FileContent> {
  try {
    const stats = await handle.stat({ bigint: true });
    const refusal = refusalOf(stats, bytesMax, readable);
    if (refusal !== undefined) return refusal;
    const collected = new Collected(stats, bytesMax);
    for (let room = collected.room(); room.length > 0; room = collected.room()) {
      if (!collected.add((await handle.read(room, 0, room.length, null)).bytesRead)) break;
    }
    return collected.content();
  } catch (error) {
    return failed(error);
  }
}

/** Any file, pipe or device, for programs that have nothing else to do meanwhile. Never throws. */
export function readBoundedFileSync(path: string, bytesMax: number): FileContent {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const stats = fstatSync(file, { bigint: true });
    const refusal = refusalOf(stats, bytesMax, "any");
    if (refusal !== undefined) return refusal;
    const collected = new Collected(stats, bytesMax);
    for (let room = collected.room(); room.length > 0; room = collected.room()) {
      if (!collected.add(readSync(file, room, 0, room.length, null))) break;
    }
    return collected.content();
  } catch (error) {
    return failed(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const chunkBytes = 64 * 1024;

/** What was read so far: a pipe has no size, and a device may have no end. */
class Collected {
  private readonly stats: BigIntStats;
  private readonly bytesMax: number;
  private readonly chunks: Buffer[] = [];
  private next: Buffer = Buffer.alloc(0);
  private length = 0;

  constructor(stats: BigIntStats, bytesMax: number) {
    this.stats = stats;
    this.bytesMax = bytesMax;
  }

  /** Where to read to; empty when there is more than may be. */
  room(): Buffer {
    // One byte more than it has: a second call then finds the end.
    const rest = Number(this.stats.size) + 1 - this.length;
    const left = this.bytesMax + 1 - this.length;
    this.next = Buffer.allocUnsafe(Math.min(Math.max(rest, chunkBytes), left));
    return this.next;
  }

  /** False at the end. */
  add(count: number): boolean {
    this.chunks.push(this.next.subarray(0, count));
    this.length += count;
    return count > 0;
  }

  content(): FileContent {
    if (this.length > this.bytesMax) return tooLarge(this.stats, this.bytesMax);
    const [first, ...more] = this.chunks.filter(({ length }) => length > 0);
    const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(this.chunks);
    const { mode, uid } = this.stats;
    return { bytes, mark: markOf(this.stats), mode: Number(mode), uid: Number(uid) };
  }
}

function refusalOf(
  stats: BigIntStats,
  bytesMax: number,
  readable: Readable,
): UnreadFile | undefined {
  const mark = markOf(stats);
  if (stats.isDirectory()) return { kind: "directory", fault: "is a directory, not a file", mark };
  if (!stats.isFile()) {
    if (readable === "any") return undefined;
    return { kind: "special", fault: "is not a regular file, and could not be read again", mark };
  }
  return stats.size > BigInt(bytesMax) ? tooLarge(stats, bytesMax) : undefined;
}

function tooLarge(stats: BigIntStats, bytesMax: number): UnreadFile {
  const fault = `is larger than ${bytesMax.toLocaleString("en-US")} bytes`;
  return { kind: "large", fault, mark: markOf(stats) };
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "a link that leads nowhere",
};

function failed(error: unknown): UnreadFile {
  const mark = markOfFailure(error);
  if (isAbsence(error)) return { kind: "missing", fault: "there is no such file", mark };
  const reason = reasons[systemCode(error)] ?? errorText(error);
  return { kind: "failed", fault: `it cannot be read: ${reason}`, mark };
}
