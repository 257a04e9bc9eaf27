/** Puts another text in the place of the filter file. `base/followed-files.ts` reads it. */
import { constants, renameSync } from "node:fs";
import { mkdir, open, realpath, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileContent, readOpenFile } from "../base/bounded-file.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { type FileMark, isAbsence, markOf, readMarkSync } from "../base/file-mark.ts";
import { limits } from "../config/limits.ts";

/** A content of the file that stays open while another is put in its place. */
export interface HeldContent {
  /** What was written in place to this content since `mark`; undefined when nothing was. */
  laterContent(): Promise<FileContent | undefined>;
  close(): Promise<void>;
}

export class FilterFile {
  readonly path: string;

  /** @param path absolute */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Keeps the content of `mark` open; undefined when the file has another one by now.
   * @throws the system's error when it cannot be opened
   */
  async hold(mark: FileMark): Promise<HeldContent | undefined> {
    if (mark === "") return nothingHeld;
    // What is no file must not hold the thread that opens it.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    const handle = await open(this.path, flags).catch((error: unknown) => {
      if (isAbsence(error)) return undefined;
      throw error;
    });
    if (handle === undefined) return undefined;
    const isUnchanged = async () => markOf(await handle.stat({ bigint: true })) === mark;
    if (!(await isUnchanged())) {
      await handle.close();
      return undefined;
    }
    return {
      async laterContent() {
        if (await isUnchanged()) return undefined;
        return readOpenFile(handle, limits.filterFileBytesMax, "regular");
      },
      close: () => handle.close(),
    };
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
      if (readMarkSync(this.path) !== expected) {
        await unlink(temporary);
        return undefined;
      }
      renameSync(temporary, target);
      temporary = "";
      await syncDirectory(directory);
      return mark;
    } catch (error) {
      if (temporary !== "") await unlink(temporary).catch(() => {});
      const message = `${this.path}: the filter file cannot be written: ${errorText(error)}`;
      throw new WeirError("filter-file-unwritable", message, { cause: error });
    }
  }
}

const nothingHeld: HeldContent = {
  laterContent: async () => undefined,
  close: async () => {},
};

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
