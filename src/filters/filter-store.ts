/**
 * The set of filters, kept in memory and in the user's file. The file is the truth: what is edited
 * there is taken over, a change by a client is made to its current content, and a file that cannot
 * be understood changes nothing and is never written over. A start with such a file falls back on the
 * copy of the last good one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { Events } from "../telemetry/events.ts";
import { Draft, type FilterEdit } from "./draft.ts";
import { filterEvent } from "./events.ts";
import type { Filter, FilterChange } from "./filter.ts";
import { type FileMark, FilterFile, isEmptyMark } from "./filter-file.ts";
import type { FilterText } from "./filter-text.ts";
import { LastGood } from "./last-good.ts";
import { emptyFilterText } from "./list-layouts.ts";
import { knownEntries, type ReadFilters, readFilters } from "./read-filters.ts";
import type { Remark } from "./remarks.ts";

export interface FilterStoreOptions {
  /** The set; nobody else changes it. */
  readonly filters: Map<string, Filter>;
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

export class FilterStore {
  private readonly options: FilterStoreOptions;
  private readonly file: FilterFile | undefined;
  private readonly lastGood: LastGood;
  private text: FilterText = emptyFilterText();
  /** Of the content that was read last, good or bad; undefined when it could not be read. */
  private mark: FileMark | undefined = "";
  /** Why the file's content is not used; undefined while it is. */
  private broken: string | undefined = undefined;
  private waiting: WaitingEdit[] = [];
  /** The set has something that the file has not: see `write`. */
  private ahead = false;
  private refreshWanted = false;
  private reloadWanted = false;
  /** The filters are good, and the copy of the last good ones may be of others. */
  private copyWanted = false;
  /** Why there is no such copy; told once. */
  private copyTrouble = "";
  private work: Promise<void> | undefined = undefined;

  constructor(options: FilterStoreOptions) {
    this.options = options;
    this.file = options.path === "" ? undefined : new FilterFile(options.path);
    this.lastGood = new LastGood(options.path);
  }

  /** Reads the file for the first time, or the copy of the last good one; never rejects. */
  async load(): Promise<void> {
    const { events, path } = this.options;
    if (this.file === undefined) {
      events.tell(filterEvent.loaded, "filters are kept in memory only: there is no --filter-file");
      return;
    }
    const reason = await this.read(this.file);
    if (reason === undefined) void this.run();
    else this.break(reason, `${await this.fallBack()} until it is good`);
    if (this.mark !== "") return;
    events.tell(
      filterEvent.loaded,
      `${path} is not there: no filters; the first change creates it`,
    );
  }

  /** Takes over what was edited in the file; never rejects. */
  refresh(): Promise<void> {
    if (this.file === undefined) return Promise.resolve();
    this.refreshWanted = true;
    return this.run();
  }

  /** Reads the file whether it has changed or not, and says what is in it; never rejects. */
  reload(): Promise<void> {
    this.reloadWanted = true;
    return this.refresh();
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
    void this.run();
    return promise;
  }

  /** One after the other; what has come together meanwhile is written at once. */
  private run(): Promise<void> {
    this.work ??= this.workOff();
    return this.work;
  }

  private async workOff(): Promise<void> {
    while (this.refreshWanted || this.waiting.length > 0 || this.copyWanted) {
      const batch = this.waiting;
      this.waiting = [];
      if (this.refreshWanted) {
        this.refreshWanted = false;
        await this.refreshNow();
      }
      if (batch.length > 0) await this.commitAll(batch);
      else if (this.copyWanted) await this.copy(this.file);
    }
    // In the same turn in which nothing was left: who comes later begins anew.
    this.work = undefined;
  }

  private async commitAll(batch: readonly WaitingEdit[]): Promise<void> {
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

  private async refreshNow(): Promise<void> {
    if (this.file === undefined) return;
    try {
      const mark = await this.settledMark(this.file);
      if (mark === this.mark && !this.reloadWanted) return;
      const reason = await this.read(this.file);
      if (reason !== undefined) this.break(reason, this.stay);
    } catch (error) {
      this.mark = undefined;
      this.break(errorText(error), this.stay);
    }
  }

  private get stay(): string {
    return `${countOf(this.options.filters.size)} from before stay in force`;
  }

  /** The mark of a content that nobody is writing at the moment. */
  private async settledMark(file: FilterFile): Promise<FileMark> {
    const { clock } = this.options;
    let mark = await file.mark();
    const endsMs = clock.monotonicMs() + limits.filterSettleMsMax;
    while (mark !== this.mark) {
      await sleep(isEmptyMark(mark) ? limits.filterGoneMs : limits.filterSettleMs);
      const next = await file.mark();
      if (next === mark || clock.monotonicMs() > endsMs) return next;
      mark = next;
    }
    return mark;
  }

  /** Makes the file's content the set; why it cannot, otherwise. */
  private async read(file: FilterFile): Promise<string | undefined> {
    let content: Awaited<ReturnType<FilterFile["read"]>>;
    try {
      content = await file.read();
    } catch (error) {
      this.mark = undefined;
      return errorText(error);
    }
    this.mark = content.mark;
    const read = await this.understand(content.text);
    if (read.text === undefined) return this.problemText(read);
    this.adopt(read.text, read.warnings);
    return undefined;
  }

  /** Makes the copy of the last good filters the set; says what is in force then. */
  private async fallBack(): Promise<string> {
    const { path } = this.lastGood;
    try {
      const copy = await this.lastGood.read();
      if (copy === undefined) return `no filters are in force (there is no copy ${path})`;
      const { text } = await readFilters(copy);
      if (text === undefined) return `no filters are in force (the copy ${path} is broken, too)`;
      this.options.publish(this.take(text));
      return `the last good ones (${countOf(text.size)}, ${path}) are in force`;
    } catch (error) {
      return `no filters are in force (${errorText(error)})`;
    }
  }

  private async copy(file: FilterFile | undefined): Promise<void> {
    this.copyWanted = false;
    if (file === undefined || this.broken !== undefined) return;
    try {
      // Who removed the file, and its directory perhaps, does not want them back.
      if (this.mark === "") await this.lastGood.remove();
      else await this.lastGood.write(this.text.toString());
      this.copyTrouble = "";
    } catch (error) {
      const reason = errorText(error);
      if (reason === this.copyTrouble) return;
      this.copyTrouble = reason;
      const text = "there is no copy of these filters for a start with a broken file";
      this.options.events.tell(filterEvent.notCopied, `${text}: ${reason}`);
    }
  }

  private understand(text: string): Promise<ReadFilters> {
    return readFilters(text, knownEntries(this.text));
  }

  /** With the doubts: a value is missing because its key is misspelt. */
  private problemText({ problems, warnings }: ReadFilters): string {
    const { path } = this.options;
    const remarks = [...problems, ...warnings];
    const shown = remarks.slice(0, 5).map(({ line, text }) => `${path}:${line}: ${text}`);
    const more = remarks.length - shown.length;
    return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }

  private break(reason: string, inForce: string): void {
    if (this.broken === reason && !this.reloadWanted) return;
    this.reloadWanted = false;
    this.broken = reason;
    this.options.events.tell(filterEvent.broken, `${reason}; ${inForce}`);
  }

  /** Makes the content of `text` the set. */
  private take(text: FilterText): readonly FilterChange[] {
    const { filters } = this.options;
    const changes = text.changesFrom(filters);
    this.text = text;
    for (const { id, after } of changes) {
      if (after === undefined) filters.delete(id);
      else filters.set(id, after);
    }
    return changes;
  }

  /** `take` for the content of the file. */
  private adopt(text: FilterText, warnings: readonly Remark[]): void {
    const { filters, path, events, publish } = this.options;
    const changes = this.take(text);
    const silent = this.broken === undefined && !this.reloadWanted;
    this.reloadWanted = false;
    this.broken = undefined;
    this.copyWanted = true;
    for (const { line, text: doubt } of warnings) {
      events.tell(filterEvent.doubtful, `${path}:${line}: ${doubt}`);
    }
    if (changes.length === 0 && silent) return;
    const hunters = publish(changes);
    let disabled = 0;
    for (const { enabled } of filters.values()) if (!enabled) disabled++;
    const off = disabled > 0 ? `, ${disabled} of them off` : "";
    const gone = this.mark === "" ? " (the file is gone)" : "";
    events.tell(filterEvent.loaded, `${path}: ${countOf(filters.size)}${off}${gone}`, {
      filters: filters.size,
      changed: changes.length,
      hunters,
    });
  }

  private async commit(batch: readonly WaitingEdit[]): Promise<void> {
    const edits = batch.map(({ edit }) => edit);
    for (let attempt = 0; attempt < limits.filterWriteAttemptsMax; attempt++) {
      await this.refreshNow();
      if (this.broken !== undefined) {
        throw new WeirError("filter-file-broken", `nothing was changed: ${this.broken}`);
      }
      const draft = new Draft(this.text, edits);
      try {
        if ((draft.changed || this.ahead) && !(await this.write(draft))) continue;
        this.finish(draft, batch);
        return;
      } finally {
        // There is nothing to undo once it is written.
        this.text.undo();
      }
    }
    const { path } = this.options;
    const message = `${path}: others keep changing the filter file; nothing was changed`;
    throw new WeirError("filter-file-unwritable", message, { retryable: true });
  }

  /** False when the file has changed meanwhile: then all is to be done again. */
  private async write(draft: Draft): Promise<boolean> {
    const { path } = this.options;
    if (this.file === undefined) return true;
    const content = await draft.content(path);
    const before = this.mark ?? "";
    const held = await this.file.hold(before);
    if (held === undefined) return false;
    try {
      const mark = await this.file.replace(content, before);
      if (mark === undefined) return false;
      this.mark = mark;
      this.ahead = false;
      // Somebody may have written to the old content while it was replaced.
      const later = await held.laterText();
      if (later === undefined) return true;
      const read = await this.understand(later);
      if (read.text === undefined) return true;
      this.adopt(read.text, read.warnings);
      this.ahead = true;
      return false;
    } finally {
      await held.close();
    }
  }

  private finish(draft: Draft, batch: readonly WaitingEdit[]): void {
    const { filters, publish } = this.options;
    this.text = draft.text;
    this.text.keep();
    this.copyWanted ||= draft.changed;
    for (const [index, outcome] of draft.outcomes.entries()) {
      if (outcome instanceof WeirError) {
        batch[index]?.reject(outcome);
        continue;
      }
      const { id, after } = outcome;
      if (after === undefined) filters.delete(id);
      else filters.set(id, after);
      batch[index]?.resolve(publish([outcome]));
    }
  }
}

function countOf(filters: number): string {
  return filters === 1 ? "1 filter" : `${filters} filters`;
}
