/** Puts another text in the place of the filter file. `base/followed-files.ts` reads it. */
import { constants, renameSync } from "node:fs";
import { type FileHandle, mkdir, open, realpath, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileContent, readOpenFile } from "../base/bounded-file.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { type FileMark, isAbsence, markOf, readMarkSync } from "../base/file-mark.ts";
import { limits } from "../config/limits.ts";

export interface Replaced {
  /** Of what was put there. */
  readonly mark: FileMark;
  /** What somebody wrote in place to the content before while it was replaced, if anybody did. */
  readonly later: FileContent | undefined;
}

export class FilterFile {
  readonly path: string;
  private readonly followsLinks: boolean;

  /** @param path absolute */
  constructor(path: string, { followsLinks = true }: { readonly followsLinks?: boolean } = {}) {
    this.path = path;
    this.followsLinks = followsLinks;
  }

  /**
   * Puts `text` in the file's place, whole or not at all, and on the disk. The content that it
   * replaces has to be that of `expected`.
   *
   * @returns undefined when somebody else was faster: then nothing was done
   * @throws WeirError when it cannot be written
   */
  async replace(text: string, expected: FileMark): Promise<Replaced | undefined> {
    let temporary = "";
    let before: FileHandle | undefined;
    try {
      // What is no file must not hold the thread that opens it.
      const follow = this.followsLinks ? 0 : constants.O_NOFOLLOW;
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | follow;
      if (expected !== "") before = await open(this.path, flags);
      if (before !== undefined && (await markOfOpen(before)) !== expected) return undefined;
      // A link stays a link: what it points to is replaced.
      const real = this.followsLinks ? realpath(this.path) : Promise.resolve(this.path);
      const target = await real.catch(() => this.path);
      const directory = dirname(target);
      await mkdir(directory, { recursive: true, mode: 0o750 });
      temporary = join(directory, `.${basename(target)}.${process.pid}.tmp`);
      const mark = await writeSynced(temporary, text, expected === "" ? undefined : target);
      // One after the other without letting go of the thread: what others do in between is lost.
      if (readMarkSync(this.path) !== expected) return undefined;
      renameSync(temporary, target);
      temporary = "";
      await syncDirectory(directory);
      if (before === undefined || (await markOfOpen(before)) === expected) {
        return { mark, later: undefined };
      }
      return { mark, later: await readOpenFile(before, limits.filterFileBytesMax, "regular") };
    } catch (error) {
      if (before === undefined && expected !== "" && isAbsence(error)) return undefined;
      const message = `${this.path}: the filter file cannot be written: ${errorText(error)}`;
      throw new WeirError("filter-file-unwritable", message, { cause: error });
    } finally {
      if (temporary !== "") await unlink(temporary).catch(() => {});
      await before?.close();
    }
  }
}

async function markOfOpen(handle: FileHandle): Promise<FileMark> {
  return markOf(await handle.stat({ bigint: true }));
}

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
