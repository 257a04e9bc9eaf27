/** The closed files of one series, of which the oldest make room (`--rotate-files`). */

import { readdirSync, statSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { errorText } from "../base/errors.ts";
import type { CaptureFile } from "./capture-file.ts";
import { recordEvent } from "./events.ts";
import { type CaptureName, numberedIndex } from "./file-names.ts";
import { rotates } from "./recorder-config.ts";
import { countPackets } from "./recovery.ts";
import type { SeriesContext } from "./series-context.ts";

interface KeptFile {
  readonly path: string;
  readonly index: number;
  /** Undefined for files of an earlier run: counted when they are deleted. */
  readonly packets: number | undefined;
  /** Wall time of its last change. */
  readonly endedMs: number;
}

export class FileRing {
  /** Index of the next numbered file. */
  nextIndex = 1;
  private readonly name: CaptureName;
  private readonly context: SeriesContext;
  private kept: KeptFile[] = [];

  constructor(name: CaptureName, context: SeriesContext) {
    this.name = name;
    this.context = context;
  }

  /**
   * Finds the files of earlier runs, by the pattern of their names alone. With "number" they are
   * another node's: numbers go on after them, and none is deleted.
   */
  find(what: "keep" | "number" = "keep"): void {
    this.kept = [];
    for (const entry of readdirSync(this.name.directory)) {
      const index = numberedIndex(this.name, entry);
      if (index === undefined) continue;
      this.nextIndex = Math.max(this.nextIndex, index + 1);
      if (what === "number") continue;
      const path = join(this.name.directory, entry);
      const endedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      this.kept.push({ path, index, packets: undefined, endedMs });
    }
    this.kept.sort((one, other) => one.index - other.index);
  }

  get lastPath(): string | undefined {
    return this.kept.at(-1)?.path;
  }

  /** Removes the last file, in which nothing stands; the next one gets its number. */
  dropLast(): void {
    const last = this.kept.pop();
    if (last === undefined) return;
    unlinkSync(last.path);
    this.nextIndex = last.index;
  }

  /** Takes a file of this run that was closed; one without a number is none of the ring's. */
  keep(file: CaptureFile): void {
    const index = numberedIndex(this.name, basename(file.path));
    if (index === undefined) return;
    const endedMs = this.context.clock.wallMs();
    this.kept.push({ path: file.path, index, packets: file.packets, endedMs });
  }

  /** When the file ended that `deleteOldest` would delete; infinite when there is none. */
  oldestMs(): number {
    if (!this.mayDelete()) return Number.POSITIVE_INFINITY;
    return this.kept[0]?.endedMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Deletes the oldest file and returns its size, which the system may free a little later;
   * undefined when there is none or nothing may be deleted.
   */
  deleteOldest(): number | undefined {
    const { config, tally, events } = this.context;
    if (!this.mayDelete()) return undefined;
    const oldest = this.kept.shift();
    if (oldest === undefined) return undefined;
    const { path } = oldest;
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const packets = oldest.packets ?? countPackets(path, config.format);
    try {
      unlinkSync(path);
    } catch (error) {
      const text = `${path} could not be deleted: ${errorText(error)}`;
      events.tell(recordEvent.fileNotDeleted, text, { path });
      return 0;
    }
    tally.add({ filesDeleted: 1, packetsDeleted: packets ?? 0 });
    events.tell(recordEvent.fileDeleted, `deleted ${path}, the oldest of the ring`, {
      path,
      packets,
    });
    return size;
  }

  /** Makes the file that is being written one of `rotateFiles`. */
  trim(): void {
    const { rotateFiles } = this.context.config;
    if (rotateFiles === 0) return;
    while (this.kept.length >= rotateFiles && this.deleteOldest() !== undefined);
  }

  private mayDelete(): boolean {
    const { config } = this.context;
    return config.rotateFiles > 0 && rotates(config);
  }
}
