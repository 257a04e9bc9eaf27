/**
 * The set of filters, kept in memory and in the user's file. The file is the truth: what is edited
 * there is taken over, a change by a client is made to its current content, and a file that cannot
 * be understood changes nothing and is never written over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Log } from "../telemetry/log.ts";
import { filterEvent } from "./events.ts";
import { type Filter, type FilterChange, sameFilter } from "./filter.ts";
import { type FileMark, FilterFile, isEmptyMark } from "./filter-file.ts";
import type { FilterText } from "./filter-text.ts";
import { emptyFilterText, knownEntries, type ReadFilters, readFilters } from "./read-filters.ts";

export interface FilterStoreOptions {
  /** The set; nobody else changes it. */
  readonly filters: Map<string, Filter>;
  /** Absolute path of the file; "" keeps the filters in memory alone. */
  readonly path: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Called when the set has changed, in the order of the changes; how many hunters are told. */
  readonly publish: (changes: readonly FilterChange[]) => number;
}

type Edit =
  | { readonly kind: "set"; readonly filter: Filter }
  | { readonly kind: "delete"; readonly id: string };

interface WaitingEdit {
  readonly edit: Edit;
  readonly resolve: (huntersUpdated: number) => void;
  readonly reject: (error: WeirError) => void;
}

export class FilterStore {
  readonly #options: FilterStoreOptions;
  readonly #file: FilterFile | undefined;
  #text: FilterText = emptyFilterText();
  /** Of the content that was read last, good or bad; undefined when it could not be read. */
  #mark: FileMark | undefined = "";
  /** Why the file's content is not used; undefined while it is. */
  #broken: string | undefined = undefined;
  #waiting: WaitingEdit[] = [];
  #refreshWanted = false;
  #work: Promise<void> | undefined = undefined;

  constructor(options: FilterStoreOptions) {
    this.#options = options;
    this.#file = options.path === "" ? undefined : new FilterFile(options.path);
  }

  /**
   * Reads the file for the first time.
   * @throws WeirError `filter-file` when it cannot be read or understood
   */
  async load(): Promise<void> {
    const { log, path } = this.#options;
    if (this.#file === undefined) {
      log.info(filterEvent.loaded, "filters are kept in memory only: there is no --filter-file");
      return;
    }
    await this.#read(this.#file);
    if (this.#broken !== undefined) throw new WeirError("filter-file", this.#broken);
    if (this.#mark !== "") return;
    log.info(filterEvent.loaded, `${path} is not there: no filters; the first change creates it`);
  }

  /** Takes over what was edited in the file; never rejects. */
  refresh(): Promise<void> {
    if (this.#file === undefined) return Promise.resolve();
    this.#refreshWanted = true;
    return this.#run();
  }

  /**
   * Adds or replaces a checked filter; resolves when it is in the file, with the number of hunters
   * that are told.
   * @throws WeirError `filters-too-many`, `filter-file-broken`, `filter-file-unwritable`
   */
  set(filter: Filter): Promise<number> {
    return this.#edit({ kind: "set", filter });
  }

  /** @throws WeirError `filter-unknown`, and what `set` throws */
  delete(id: string): Promise<number> {
    return this.#edit({ kind: "delete", id });
  }

  #edit(edit: Edit): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ edit, resolve, reject });
    void this.#run();
    return promise;
  }

  /** One after the other; what has come together meanwhile is written at once. */
  #run(): Promise<void> {
    this.#work ??= this.#workOff();
    return this.#work;
  }

  async #workOff(): Promise<void> {
    while (this.#refreshWanted || this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      if (this.#refreshWanted) {
        this.#refreshWanted = false;
        await this.#refreshNow();
      }
      if (batch.length > 0) await this.#commitAll(batch);
    }
    // In the same turn in which nothing was left: who comes later begins anew.
    this.#work = undefined;
  }

  async #commitAll(batch: readonly WaitingEdit[]): Promise<void> {
    try {
      await this.#commit(batch);
    } catch (error) {
      const failure =
        error instanceof WeirError
          ? error
          : new WeirError("filter-file-unwritable", errorText(error));
      for (const { reject } of batch) reject(failure);
    }
  }

  async #refreshNow(): Promise<void> {
    if (this.#file === undefined) return;
    try {
      if ((await this.#settledMark(this.#file)) !== this.#mark) await this.#read(this.#file);
    } catch (error) {
      this.#mark = undefined;
      this.#break(errorText(error));
    }
  }

  /** The mark of a content that nobody is writing at the moment. */
  async #settledMark(file: FilterFile): Promise<FileMark> {
    const { clock } = this.#options;
    let mark = await file.mark();
    const endsMs = clock.monotonicMs() + limits.filterSettleMsMax;
    while (mark !== this.#mark) {
      await sleep(isEmptyMark(mark) ? limits.filterGoneMs : limits.filterSettleMs);
      const next = await file.mark();
      if (next === mark || clock.monotonicMs() > endsMs) return next;
      mark = next;
    }
    return mark;
  }

  async #read(file: FilterFile): Promise<void> {
    let content: Awaited<ReturnType<FilterFile["read"]>>;
    try {
      content = await file.read();
    } catch (error) {
      this.#mark = undefined;
      this.#break(errorText(error));
      return;
    }
    this.#mark = content.mark;
    const read = await this.#understand(content.text);
    if (read.text === undefined) this.#break(this.#problemText(read));
    else this.#adopt(read.text, read);
  }

  #understand(text: string): Promise<ReadFilters> {
    return readFilters(text, knownEntries(this.#text));
  }

  #problemText({ problems }: ReadFilters): string {
    const { path } = this.#options;
    const shown = problems.slice(0, 5).map(({ line, text }) => `${path}:${line}: ${text}`);
    const more = problems.length - shown.length;
    return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }

  #break(reason: string): void {
    if (this.#broken === reason) return;
    this.#broken = reason;
    const { log, filters } = this.#options;
    const stay = `the ${filters.size} filters from before stay in force`;
    log.error(filterEvent.broken, `${reason}; ${stay}`);
  }

  /** Makes the content of `text` the set. */
  #adopt(text: FilterText, { warnings }: Pick<ReadFilters, "warnings">): void {
    const { filters, path, log, publish } = this.#options;
    const changes = text.changesFrom(filters);
    const repaired = this.#broken !== undefined;
    this.#text = text;
    this.#broken = undefined;
    for (const { id, after } of changes) {
      if (after === undefined) filters.delete(id);
      else filters.set(id, after);
    }
    for (const { line, text: doubt } of warnings) {
      log.warn(filterEvent.doubtful, `${path}:${line}: ${doubt}`);
    }
    if (changes.length === 0 && !repaired) return;
    const hunters = publish(changes);
    let disabled = 0;
    for (const { enabled } of filters.values()) if (!enabled) disabled++;
    const off = disabled > 0 ? `, ${disabled} of them off` : "";
    const gone = this.#mark === "" ? " (the file is gone)" : "";
    log.info(filterEvent.loaded, `${path}: ${filters.size} filters${off}${gone}`, {
      filters: filters.size,
      changed: changes.length,
      hunters,
    });
  }

  async #commit(batch: readonly WaitingEdit[]): Promise<void> {
    for (let attempt = 0; attempt < limits.filterWriteAttemptsMax; attempt++) {
      await this.#refreshNow();
      if (this.#broken !== undefined) {
        throw new WeirError("filter-file-broken", `nothing was changed: ${this.#broken}`);
      }
      const draft = new Draft(this.#text, batch);
      try {
        if (draft.changed && !(await this.#write(draft))) continue;
        this.#finish(draft);
        return;
      } finally {
        // There is nothing to undo once it is written.
        this.#text.undo();
      }
    }
    const { path } = this.#options;
    const message = `${path}: others keep changing the filter file; nothing was changed`;
    throw new WeirError("filter-file-unwritable", message, { retryable: true });
  }

  /** False when the file has changed meanwhile: then all is to be done again. */
  async #write(draft: Draft): Promise<boolean> {
    if (this.#file === undefined && draft.text.certain) return true;
    const content = draft.text.toString();
    if (!draft.text.certain) await draft.readAgain(content, this.#options.path);
    if (this.#file === undefined) return true;
    if (Buffer.byteLength(content, "utf8") > limits.filterFileBytesMax) {
      throw new WeirError("filters-too-many", tooLong);
    }
    const before = this.#mark ?? "";
    const held = await this.#file.hold(before);
    if (held === undefined) return false;
    try {
      const mark = await this.#file.replace(content, before);
      if (mark === undefined) return false;
      this.#mark = mark;
      // Somebody may have written to the old content while it was replaced.
      const later = await held.laterText();
      if (later === undefined) return true;
      const read = await this.#understand(later);
      if (read.text === undefined) return true;
      this.#adopt(read.text, read);
      return false;
    } finally {
      await held.close();
    }
  }

  #finish(draft: Draft): void {
    const { filters, publish } = this.#options;
    this.#text = draft.text;
    this.#text.keep();
    for (const { waiting, outcome } of draft.steps) {
      if (outcome instanceof WeirError) {
        waiting.reject(outcome);
        continue;
      }
      const { id, after } = outcome;
      if (after === undefined) filters.delete(id);
      else filters.set(id, after);
      waiting.resolve(publish([outcome]));
    }
  }
}

/** A batch of edits, made to the text until they are kept or undone. */
class Draft {
  text: FilterText;
  changed = false;
  readonly steps: { readonly waiting: WaitingEdit; readonly outcome: FilterChange | WeirError }[] =
    [];

  constructor(text: FilterText, batch: readonly WaitingEdit[]) {
    this.text = text;
    for (const waiting of batch) {
      this.steps.push({ waiting, outcome: this.#apply(waiting.edit) });
    }
  }

  #apply(edit: Edit): FilterChange | WeirError {
    const { text } = this;
    const id = edit.kind === "set" ? edit.filter.id : edit.id;
    const before = text.get(id);
    if (edit.kind === "delete") {
      if (before === undefined) {
        const shown = quoteText(id, limits.settingShownCharsMax);
        return new WeirError("filter-unknown", `there is no filter ${shown}`);
      }
      text.delete(id);
      this.changed = true;
      return { id, before, after: undefined };
    }
    const after = edit.filter;
    if (before !== undefined && sameFilter(before, after)) return { id, before, after: before };
    const full = this.#fullWith(after, before === undefined);
    if (full !== undefined) return new WeirError("filters-too-many", full);
    text.set(after);
    this.changed = true;
    return { id, before, after };
  }

  #fullWith(filter: Filter, isNew: boolean): string | undefined {
    const { filtersMax, filterFileBytesMax } = limits;
    if (isNew && this.text.size >= filtersMax) return `there are ${filtersMax} filters, the most`;
    const { pattern, description, targetHunters } = filter;
    const texts = [filter.id, pattern, description, ...targetHunters];
    // What stands around the texts is less than 200 characters, and an escaped one takes six.
    const bytes = texts.reduce((sum, text) => sum + 6 * text.length + 8, 200);
    if (this.text.length + bytes <= filterFileBytesMax) return undefined;
    return tooLong;
  }

  /** Makes sure that `content`, of a layout that is rarely seen, holds what it should. */
  async readAgain(content: string, path: string): Promise<void> {
    const { text } = await readFilters(content);
    const wanted = new Map(this.text.slots().flatMap(({ filter }) => entryOf(filter)));
    if (text === undefined || text.changesFrom(wanted).length > 0) {
      const message =
        `${path}: this layout cannot be changed by a client; ` +
        "list the filters below filters: as - id: …, or edit the file";
      throw new WeirError("filter-file-broken", message);
    }
    this.text = text;
  }
}

const tooLong = `the filters would take more than ${limits.filterFileBytesMax} bytes in their file`;

function entryOf(filter: Filter | undefined): [string, Filter][] {
  return filter === undefined ? [] : [[filter.id, filter]];
}
