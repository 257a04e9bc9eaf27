/**
 * The set of filters, kept in memory and in the user's file. The file is the truth: what is edited
 * there is taken over, a change by a client is made to its current content, and a file that cannot
 * be understood changes nothing and is never written over. A start with such a file falls back on the
 * copy of the last good one.
 */

import { assert } from "../base/assert.ts";
import type { FileContent } from "../base/bounded-file.ts";
import type { Clock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { type FileContents, FollowedFiles } from "../base/followed-files.ts";
import { followTimes } from "../config/follow-times.ts";
import { limits } from "../config/limits.ts";
import type { Events } from "../telemetry/events.ts";
import { filterEvent } from "./events.ts";
import type { Filter, FilterChange, FilterSet } from "./filter.ts";
import { contentOf, type EditedText, type FilterEdit, withEdits } from "./filter-edit.ts";
import { FilterFile } from "./filter-file.ts";
import type { FilterText } from "./filter-text.ts";
import { LastGood } from "./last-good.ts";
import { emptyFilterText } from "./list-layouts.ts";
import { knownEntries, type ReadFilters, readFilters } from "./read-filters.ts";
import type { Remark } from "./remarks.ts";

export interface FilterStoreOptions {
  /** Absolute path of the file; "" keeps the filters in memory alone. */
  readonly path: string;
  readonly events: Events;
  readonly clock: Clock;
  /** Called when the set has changed, in the order of the changes; how many hunters are told. */
  readonly publish: (changes: readonly FilterChange[]) => number;
}

interface WaitingEdit {
  readonly edit: FilterEdit;
  readonly resolve: (huntersUpdated: number) => void;
  readonly reject: (error: WeirError) => void;
}

/** Why the content of the file is not used. */
interface Broken {
  readonly broken: string;
}

interface Understood {
  readonly text: FilterText;
  readonly warnings: readonly Remark[];
}

export class FilterStore {
  /** The filters in force, as they are at any time. */
  readonly filters: FilterSet;
  private readonly options: FilterStoreOptions;
  private readonly file: FilterFile | undefined;
  private readonly followed: FollowedFiles;
  private readonly lastGood: LastGood;
  /** What is in force. */
  private text: FilterText = emptyFilterText();
  /** What the file was found, or made, to hold. */
  private inFile: Pick<Understood, "text"> | Broken = { text: this.text };
  /** What the copy of the last good filters holds, as far as it could be written. */
  private copied: FilterText | undefined = undefined;
  /** Why there is no such copy; told once. */
  private copyTrouble = "";
  private waiting: WaitingEdit[] = [];

  constructor(options: FilterStoreOptions) {
    this.options = options;
    const { path, clock } = options;
    this.file = path === "" ? undefined : new FilterFile(path);
    this.lastGood = new LastGood(path);
    this.followed = new FollowedFiles({
      paths: path === "" ? [] : [path],
      bytesMax: limits.filterFileBytesMax,
      times: followTimes,
      clock,
      take: (contents, asked) => this.take(contents, asked),
    });
    const inForce = (): FilterText => this.text;
    this.filters = {
      get size() {
        return inForce().size;
      },
      get: (id) => inForce().get(id),
      values: () => inForce().values(),
    };
  }

  /** Reads the file for the first time, or the copy of the last good one; never rejects. */
  async load(): Promise<void> {
    const { events, path } = this.options;
    if (this.file === undefined) {
      events.tell(filterEvent.loaded, "filters are kept in memory only: there is no --filter-file");
      return;
    }
    const read = await this.understand((await this.followed.read()).get(path));
    if ("broken" in read) {
      this.inFile = read;
      const inForce = await this.fallBack();
      events.tell(filterEvent.broken, `${read.broken}; ${inForce} until the file is correct`);
    } else {
      this.adopt(read, false);
      this.inFile = read;
    }
    if (this.followed.mark !== "") return;
    events.tell(filterEvent.loaded, `no filters yet; the first filter that is set creates ${path}`);
  }

  /** Takes over what is edited in the file from then on, until `close`. */
  follow(): void {
    this.followed.follow();
  }

  close(): void {
    this.followed.close();
  }

  /** Reads the file whether it has changed or not, and says what is in it; never rejects. */
  reload(): Promise<void> {
    return this.followed.refresh();
  }

  /**
   * Adds or replaces a checked filter; resolves when it is in the file, with the number of hunters
   * that are told.
   * @throws WeirError `filters-too-many`, `filter-file-broken`, `filter-file-unwritable`
   */
  set(filter: Filter): Promise<number> {
    return this.edit({ kind: "set", filter });
  }

  /** @throws WeirError `filter-unknown`, and what `set` throws */
  delete(id: string): Promise<number> {
    return this.edit({ kind: "delete", id });
  }

  private edit(edit: FilterEdit): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.waiting.push({ edit, resolve, reject });
    if (this.waiting.length === 1) void this.followed.inTurn(() => this.commitWaiting());
    return promise;
  }

  /** What has come together since the turn was asked for is written at once. */
  private async commitWaiting(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    try {
      await this.commit(batch);
    } catch (error) {
      const failure =
        error instanceof WeirError
          ? error
          : new WeirError("filter-file-unwritable", errorText(error));
      for (const { reject } of batch) reject(failure);
    }
  }

  private async take(contents: FileContents, asked: boolean): Promise<void> {
    const before = this.inFile;
    const read = await this.understand(contents.get(this.options.path));
    if ("text" in read) this.adopt(read, asked);
    else if (asked || !("broken" in before) || before.broken !== read.broken) {
      const inForce = `the earlier filters (${this.text.size}) stay in force`;
      this.options.events.tell(filterEvent.broken, `${read.broken}; ${inForce}`);
    }
    this.inFile = read;
  }

  /** A file that is gone is an empty set. */
  private async understand(content: FileContent | undefined): Promise<Understood | Broken> {
    const { path } = this.options;
    assert(content !== undefined, "the file is followed");
    if ("fault" in content && content.kind !== "missing") {
      return { broken: `${path}: ${content.fault}` };
    }
    const text = "fault" in content ? "" : textOf(content.bytes);
    if (text === undefined) return { broken: `${path}: the file is not UTF-8 text` };
    const read = await readFilters(text, knownEntries(this.text));
    if (read.text === undefined) return { broken: this.problemText(read) };
    return { text: read.text, warnings: read.warnings };
  }

  /** Makes the copy of the last good filters the set; says what is in force then. */
  private async fallBack(): Promise<string> {
    const { path } = this.lastGood;
    const copy = await this.lastGood.read();
    if ("fault" in copy) {
      if (copy.kind === "missing")
        return `no filters are in force (there is no backup copy ${path})`;
      return `no filters are in force (${path}: ${copy.fault})`;
    }
    const { text } = await readFilters(textOf(copy.bytes) ?? "[");
    if (text === undefined)
      return `no filters are in force (the backup copy ${path} is broken too)`;
    const changes = text.changesFrom(this.text);
    this.put(text);
    this.options.publish(changes);
    return `the backup copy ${path} (${countOf(text.size)}) is in force`;
  }

  /** The one place where the set changes. Who calls it tells the hunters. */
  private put(text: FilterText): void {
    this.text = text;
    // When no change waits, so that a change takes one write and not two.
    void this.followed.inTurn(async () => {
      if (this.waiting.length === 0 && this.copied !== this.text) await this.copy();
    });
  }

  private async copy(): Promise<void> {
    if (this.file === undefined || "broken" in this.inFile) return;
    this.copied = this.text;
    try {
      // Who removed the file, and its directory perhaps, does not want them back.
      if (this.followed.mark === "") await this.lastGood.remove();
      else await this.lastGood.write(this.text.toString());
      this.copyTrouble = "";
    } catch (error) {
      const reason = errorText(error);
      if (reason === this.copyTrouble) return;
      this.copyTrouble = reason;
      const text = "the backup copy of the filters cannot be written";
      this.options.events.tell(filterEvent.notCopied, `${text}: ${reason}`);
    }
  }

  /** With the doubts: a value is missing because its key is misspelt. */
  private problemText({ problems, warnings }: ReadFilters): string {
    const { path } = this.options;
    const remarks = [...problems, ...warnings];
    const shown = remarks.slice(0, 5).map(({ line, text }) => `${path}:${line}: ${text}`);
    const more = remarks.length - shown.length;
    return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }

  /** Makes what a file holds the set. */
  private adopt({ text, warnings }: Understood, asked: boolean): void {
    const { path, events, publish } = this.options;
    const changes = text.changesFrom(this.text);
    this.put(text);
    for (const { line, text: doubt } of warnings) {
      events.tell(filterEvent.doubtful, `${path}:${line}: ${doubt}`);
    }
    if (changes.length === 0 && !asked && "text" in this.inFile) return;
    const hunters = publish(changes);
    let disabled = 0;
    for (const { enabled } of text.values()) if (!enabled) disabled++;
    const off = offText(disabled, text.size);
    const gone = this.followed.mark === "" ? " (there is no such file)" : "";
    events.tell(filterEvent.loaded, `${path}: ${countOf(text.size)}${off}${gone}`, {
      filters: text.size,
      changed: changes.length,
      hunters,
    });
  }

  private async commit(batch: readonly WaitingEdit[]): Promise<void> {
    const edits = batch.map(({ edit }) => edit);
    for (let attempt = 0; attempt < limits.filterWriteAttemptsMax; attempt++) {
      await this.followed.settle();
      if ("broken" in this.inFile) {
        throw new WeirError("filter-file-broken", `nothing was changed: ${this.inFile.broken}`);
      }
      const edited = withEdits(this.text, edits);
      if (edited.text !== this.inFile.text && !(await this.write(edited.text))) continue;
      this.finish(edited, batch);
      return;
    }
    const { path } = this.options;
    const message = `${path}: other programs keep changing the filter file; nothing was changed`;
    throw new WeirError("filter-file-unwritable", message, { retryable: true });
  }

  /** False when the file has changed meanwhile: then all is to be done again. */
  private async write(text: FilterText): Promise<boolean> {
    if (this.file === undefined) {
      this.inFile = { text };
      return true;
    }
    const written = await contentOf(text, this.options.path);
    const replaced = await this.file.replace(written.content, this.followed.mark);
    if (replaced === undefined) return false;
    this.followed.wrote(replaced.mark);
    this.inFile = written;
    if (replaced.later === undefined) return true;
    const read = await this.understand(replaced.later);
    if ("broken" in read) return true;
    // The set is ahead of the file then, until the next attempt has written both.
    this.adopt(read, false);
    return false;
  }

  private finish({ outcomes }: EditedText, batch: readonly WaitingEdit[]): void {
    if ("text" in this.inFile && this.inFile.text !== this.text) this.put(this.inFile.text);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome instanceof WeirError) batch[index]?.reject(outcome);
      else batch[index]?.resolve(this.options.publish([outcome]));
    }
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined when it is not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function countOf(filters: number): string {
  return counted(filters, "filter");
}

/** How many are off; where all are, how one is switched on. */
function offText(disabled: number, filters: number): string {
  if (disabled === 0) return "";
  return disabled < filters ? `, ${disabled} off` : ", none on; enabled: true switches a filter on";
}
