/** The copy of the last good filters, beside the file: a start falls back on it when the file is broken. */
import { unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../base/errors.ts";
import { FilterFile } from "./filter-file.ts";

export class LastGood {
  /** `.filters.yaml.good` beside `filters.yaml`. */
  readonly path: string;
  private readonly file: FilterFile;

  /** @param filterPath absolute path of the filter file */
  constructor(filterPath: string) {
    this.path = join(dirname(filterPath), `.${basename(filterPath)}.good`);
    this.file = new FilterFile(this.path);
  }

  /**
   * The copy's text; undefined while there is none.
   * @throws WeirError when it cannot be read
   */
  async read(): Promise<string | undefined> {
    const { mark, text } = await this.file.read();
    return mark === "" ? undefined : text;
  }

  /**
   * Puts `text` in its place, whole or not at all; private when it is new.
   * @throws WeirError when it cannot be written
   */
  async write(text: string): Promise<void> {
    await this.file.replace(text, await this.file.mark());
  }

  /** @throws the system's error, unless there is none */
  async remove(): Promise<void> {
    try {
      await unlink(this.path);
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(systemCode(error))) throw error;
    }
  }
}
