/**
 * The text of a filter file with its entries known by id. An edit replaces the text of one entry and
 * leaves every other character of the file as it is.
 */
import { type Filter, type FilterChange, sameFilter } from "./filter.ts";
import { ownLength } from "./split-list.ts";
import { type EntryStyle, editEntry, renderEntry } from "./write-entry.ts";

/** A piece of the list: an entry and what stands between it and the next. */
export interface Slot {
  readonly raw: string;
  /** How much of `raw` is the entry itself. */
  readonly length: number;
  /** As the entry reads; undefined where there is none any more. */
  readonly filter: Filter | undefined;
}

export interface TextParts {
  /** Up to the first entry. */
  readonly head: string;
  /** The same once there is an entry, where there is none yet. */
  readonly openHead?: string;
  readonly slots: readonly Slot[];
  /** Behind the list. */
  readonly tail: string;
  readonly style: EntryStyle;
  /** False for an entry's text that cannot be taken for granted after an edit: read it again then. */
  readonly certain: boolean;
}

export class FilterText {
  readonly certain: boolean;
  private head: string;
  private readonly slotList: Slot[];
  private readonly tail: string;
  private readonly style: EntryStyle;
  private readonly openHead: string;
  private readonly places = new Map<string, number>();
  private readonly undoLog: (() => void)[] = [];
  private charCount: number;

  constructor(parts: TextParts) {
    this.certain = parts.certain;
    this.head = parts.head;
    this.slotList = [...parts.slots];
    this.tail = parts.tail;
    this.style = parts.style;
    this.openHead = parts.openHead ?? parts.head;
    this.charCount = parts.head.length + parts.tail.length;
    for (const [place, { raw, filter }] of this.slotList.entries()) {
      this.charCount += raw.length;
      if (filter !== undefined) this.places.set(filter.id, place);
    }
  }

  /** UTF-16 units; bytes are at most three times as many. */
  get length(): number {
    return this.charCount;
  }

  get size(): number {
    return this.places.size;
  }

  slots(): readonly Slot[] {
    return this.slotList;
  }

  get(id: string): Filter | undefined {
    const place = this.places.get(id);
    return place === undefined ? undefined : this.slotList[place]?.filter;
  }

  filters(): ReadonlyMap<string, Filter> {
    const filters = new Map<string, Filter>();
    for (const { filter } of this.slotList)
      if (filter !== undefined) filters.set(filter.id, filter);
    return filters;
  }

  /** What turns the set `from` into the entries of this text. */
  changesFrom(from: ReadonlyMap<string, Filter>): FilterChange[] {
    const changes: FilterChange[] = [];
    for (const [id, before] of from) {
      if (!this.places.has(id)) changes.push({ id, before, after: undefined });
    }
    for (const { filter: after } of this.slotList) {
      if (after === undefined) continue;
      const before = from.get(after.id);
      if (before !== undefined && sameFilter(before, after)) continue;
      changes.push({ id: after.id, before, after });
    }
    return changes;
  }

  /** Takes back all edits since the last `keep`. */
  undo(): void {
    for (const step of this.undoLog.splice(0).reverse()) step();
  }

  /** The edits so far are for good. */
  keep(): void {
    this.undoLog.length = 0;
  }

  /** Adds `filter`, or gives the entry of its id the values of `filter`. */
  set(filter: Filter): void {
    const place = this.places.get(filter.id);
    const slot = place === undefined ? undefined : this.slotList[place];
    if (place === undefined || slot?.filter === undefined) {
      this.append(filter);
      return;
    }
    const own = editEntry(slot.raw.slice(0, slot.length), slot.filter, filter, this.style);
    this.replace(place, { raw: own + slot.raw.slice(slot.length), length: own.length, filter });
  }

  /** Takes the entry away; comments between it and the next one stay. */
  delete(id: string): void {
    const place = this.places.get(id);
    const slot = place === undefined ? undefined : this.slotList[place];
    if (place === undefined || slot === undefined) return;
    this.places.delete(id);
    this.undoLog.push(() => this.places.set(id, place));
    const raw = this.style.kind === "block" ? slot.raw.slice(slot.length) : "";
    this.replace(place, { raw, length: 0, filter: undefined });
  }

  toString(): string {
    const parts = [this.head];
    for (const { raw } of this.slotList) if (raw !== "") parts.push(raw);
    parts.push(this.tail);
    return parts.join("");
  }

  private append(filter: Filter): void {
    const own = renderEntry(filter, this.style);
    this.open(this.openHead);
    if (this.style.kind === "block") this.appendBlock(own, filter, this.style.eol);
    else this.appendFlow(own, filter);
    this.places.set(filter.id, this.slotList.length - 1);
    this.undoLog.push(() => this.places.delete(filter.id));
  }

  /** Behind the last entry and the comments that follow it without a blank line. */
  private appendBlock(own: string, filter: Filter, eol: string): void {
    const place = this.slotList.length - 1;
    const last = this.slotList[place];
    if (last === undefined) {
      this.add({ raw: own, length: own.length, filter });
      return;
    }
    const blank =
      /(?:^|(?<=\n))[ \t]*(?:\r?\n[\s\S]*)?$/.exec(last.raw.slice(last.length))?.[0] ?? "";
    let kept = last.raw.slice(0, last.raw.length - blank.length);
    if (kept !== "" && !kept.endsWith("\n")) kept += eol;
    this.replace(place, { ...last, raw: kept, length: Math.min(last.length, kept.length) });
    this.add({ raw: own + blank, length: own.length, filter });
  }

  private appendFlow(own: string, filter: Filter): void {
    const place = this.slotList.findLastIndex((slot) => slot.filter !== undefined);
    const last = this.slotList[place];
    if (last === undefined) {
      this.add({ raw: own, length: own.length, filter });
      return;
    }
    const between = last.raw.slice(last.length);
    this.replace(place, { ...last, raw: `${last.raw.slice(0, last.length)}, ` });
    this.add({ raw: own + between, length: own.length, filter });
  }

  private open(head: string): void {
    const before = this.head;
    if (head === before) return;
    this.head = head;
    this.charCount += head.length - before.length;
    this.undoLog.push(() => {
      this.head = before;
      this.charCount += before.length - head.length;
    });
  }

  private add(slot: Slot): void {
    this.charCount += slot.raw.length;
    this.slotList.push(slot);
    this.undoLog.push(() => {
      this.slotList.pop();
      this.charCount -= slot.raw.length;
    });
  }

  private replace(place: number, slot: Slot): void {
    const before = this.slotList[place];
    if (before === undefined) return;
    const longer = slot.raw.length - before.raw.length;
    this.charCount += longer;
    this.slotList[place] = slot;
    this.undoLog.push(() => {
      this.slotList[place] = before;
      this.charCount -= longer;
    });
  }
}

/** A slot of a block list, whose dashes stand `indent` columns from the left. */
export function blockSlot(raw: string, filter: Filter, indent: number): Slot {
  return { raw, length: ownLength(raw, indent), filter };
}
