/** The file of the filters: what it holds now, and putting another text in its place. */
import { constants, renameSync, statSync } from "node:fs";
import { type FileHandle, mkdir, open, realpath, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorText, systemCode, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

/** Which content the file has, as far as the system tells; "" while there is no file. */
export type FileMark = string;

export function isEmptyMark(mark: FileMark): boolean {
  return mark === "" || mark.startsWith("0 ");
}

/** A content of the file that stays open while another is put in its place. */
export interface HeldContent {
  /** What was written in place to this content since `mark`; undefined when nothing was. */
  laterText(): Promise<string | undefined>;
  close(): Promise<void>;
}

interface StatFields {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

function markOf({ dev, ino, size, mtimeNs }: StatFields): FileMark {
  return [size, dev, ino, mtimeNs].join(" ");
}

function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(systemCode(error));
}

export class FilterFile {
  readonly path: string;

  /** @param path absolute */
  constructor(path: string) {
    this.path = path;
  }

  /** @throws WeirError when the file is there and cannot be looked at */
  async mark(): Promise<FileMark> {
    try {
      return markOf(await stat(this.path, { bigint: true }));
    } catch (error) {
      if (isAbsence(error)) return "";
      throw this.unreadable(error);
    }
  }

  /**
   * The whole content and its mark; "" and "" while there is no file.
   * @throws WeirError when the file is there and cannot be read
   */
  async read(): Promise<{ readonly mark: FileMark; readonly text: string }> {
    let handle: FileHandle | undefined;
    try {
      handle = await this.open();
      return await readThrough(handle, this.path);
    } catch (error) {
      if (handle === undefined && isAbsence(error)) return { mark: "", text: "" };
      throw this.unreadable(error);
    } finally {
      await handle?.close();
    }
  }

  /** Keeps the content of `mark` open; undefined when the file has another one by now. */
  async hold(mark: FileMark): Promise<HeldContent | undefined> {
    if (mark === "") return nothingHeld;
    let handle: FileHandle | undefined;
    try {
      handle = await this.open();
      const opened = handle;
      const markNow = async () => markOf(await opened.stat({ bigint: true }));
      if ((await markNow()) === mark) {
        handle = undefined;
        return {
          laterText: async () =>
            (await markNow()) === mark ? undefined : (await readThrough(opened, this.path)).text,
          close: () => opened.close(),
        };
      }
      return undefined;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw this.unreadable(error);
    } finally {
      await handle?.close();
    }
  }

  /**
   * Puts `text` in the file's place, whole or not at all, and on the disk. The content that it
   * replaces has to be that of `expected`.
   *
   * @returns the new mark, or undefined when somebody else was faster: then nothing was done
   * @throws WeirError when it cannot be written
   */
  async replace(text: string, expected: FileMark): Promise<FileMark | undefined> {
    let temporary = "";
    try {
      // A link stays a link: what it points to is replaced.
      const target = await realpath(this.path).catch(() => this.path);
      const directory = dirname(target);
      await mkdir(directory, { recursive: true, mode: 0o750 });
      temporary = join(directory, `.${basename(target)}.${process.pid}.tmp`);
      const mark = await writeSynced(temporary, text, expected === "" ? undefined : target);
      // One after the other without letting go of the thread: what others do in between is lost.
      if (this.markNow() !== expected) {
        await unlink(temporary);
        return undefined;
      }
      renameSync(temporary, target);
      temporary = "";
      await syncDirectory(directory);
      return mark;
    } catch (error) {
      if (temporary !== "") await unlink(temporary).catch(() => {});
      if (error instanceof WeirError) throw error;
      const message = `${this.path}: the filter file cannot be written: ${errorText(error)}`;
      throw new WeirError("filter-file-unwritable", message, { cause: error });
    }
  }

  /** What is no file must not hold the thread that opens it. */
  private open(): Promise<FileHandle> {
    return open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  private markNow(): FileMark {
    try {
      return markOf(statSync(this.path, { bigint: true }));
    } catch (error) {
      if (isAbsence(error)) return "";
      throw error;
    }
  }

  private unreadable(error: unknown): WeirError {
    if (error instanceof WeirError) return error;
    const message = `${this.path}: the filter file cannot be read: ${errorText(error)}`;
    return new WeirError("filter-file-unreadable", message, { cause: error });
  }
}

const nothingHeld: HeldContent = {
  laterText: async () => undefined,
  close: async () => {},
};

async function readThrough(
  handle: FileHandle,
  path: string,
): Promise<{ mark: FileMark; text: string }> {
  const status = await handle.stat({ bigint: true });
  const refuse = (why: string): WeirError =>
    new WeirError("filter-file-unreadable", `${path}: ${why}`);
  if (!status.isFile()) throw refuse("is not a regular file");
  if (status.size > BigInt(limits.filterFileBytesMax)) {
    const most = limits.filterFileBytesMax.toLocaleString("en-US");
    throw refuse(`is larger than ${most} bytes, the most that a filter file may have`);
  }
  const bytes = Buffer.alloc(Number(status.size));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  try {
    // The mark is the one from before reading: what is written meanwhile makes another.
    return { mark: markOf(status), text: decoder.decode(bytes.subarray(0, length)) };
  } catch {
    throw refuse("is not UTF-8 text");
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param like the file whose owner and permissions the new one gets
 * @returns the mark, which moves with it
 */
async function writeSynced(
  path: string,
  text: string,
  like: string | undefined,
): Promise<FileMark> {
  await unlink(path).catch(() => {});
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text, "utf8");
    if (like !== undefined) {
      const { mode, uid, gid } = await stat(like);
      // Only root may give files away; others own what they write.
      await handle.chown(uid, gid).catch(() => {});
      await handle.chmod(mode & 0o777);
    }
    await handle.sync();
    return markOf(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
