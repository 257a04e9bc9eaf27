/** The copy of the last good filters, beside the file: a start falls back on it when the file is broken. */
import { unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileContent, readBoundedFile } from "../base/bounded-file.ts";
import { isAbsence, readMark } from "../base/file-mark.ts";
import { limits } from "../config/limits.ts";
import { FilterFile } from "./filter-file.ts";

export class LastGood {
  /** `.filters.yaml.good` beside `filters.yaml`. */
  readonly path: string;
  private readonly file: FilterFile;

  /** @param filterPath absolute path of the filter file */
  constructor(filterPath: string) {
    this.path = join(dirname(filterPath), `.${basename(filterPath)}.good`);
    this.file = new FilterFile(this.path, { followsLinks: false });
  }

  read(): Promise<FileContent> {
    return readBoundedFile(this.path, limits.filterFileBytesMax, "hidden");
  }

  /**
   * Puts `text` in its place, whole or not at all; private when it is new.
   * @throws WeirError when it cannot be written
   */
  async write(text: string): Promise<void> {
    await this.file.replace(text, await readMark(this.path));
  }

  /** @throws the system's error, unless there is none */
  async remove(): Promise<void> {
    try {
      await unlink(this.path);
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }
}
