/** Another text out of one: entries set and deleted, every other character left as it is. */
import type { Filter } from "./filter.ts";
import { FilterText, type Slot } from "./filter-text.ts";
import { editEntry, renderEntry } from "./write-entry.ts";

/** Edits under way. The text that they began with stays as it was. */
export class TextEdit {
  private readonly from: FilterText;
  private head: string;
  private readonly slots: Slot[];
  private readonly moved = new Map<string, number | undefined>();
  private filters: number;
  private chars: number;

  constructor(from: FilterText) {
    this.from = from;
    this.head = from.parts.head;
    this.slots = [...from.parts.slots];
    this.filters = from.size;
    this.chars = from.length;
  }

  get size(): number {
    return this.filters;
  }

  /** UTF-16 units. */
  get length(): number {
    return this.chars;
  }

  get(id: string): Filter | undefined {
    return this.slotOf(id)?.slot.filter;
  }

  /** Adds `filter`, or gives the entry of its id the values of `filter`. */
  set(filter: Filter): void {
    const found = this.slotOf(filter.id);
    if (found?.slot.filter === undefined) {
      this.append(filter);
      return;
    }
    const { place, slot } = found;
    const { style } = this.from.parts;
    const own = editEntry(slot.raw.slice(0, slot.length), found.slot.filter, filter, style);
    this.replace(place, { raw: own + slot.raw.slice(slot.length), length: own.length, filter });
  }

  /** Takes the entry away; comments between it and the next one stay. */
  delete(id: string): void {
    const found = this.slotOf(id);
    if (found === undefined) return;
    const { place, slot } = found;
    this.moved.set(id, undefined);
    this.filters--;
    const raw = this.from.parts.style.kind === "block" ? slot.raw.slice(slot.length) : "";
    this.replace(place, { raw, length: 0, filter: undefined });
  }

  /** The edits end with it. */
  done(): FilterText {
    const { from, head, slots, moved, size, length } = this;
    const places = moved.size === 0 ? from.places : from.places.with(moved);
    return new FilterText({ ...from.parts, head, slots }, { places, size, length });
  }

  private slotOf(id: string): { readonly place: number; readonly slot: Slot } | undefined {
    const place = this.moved.has(id) ? this.moved.get(id) : this.from.places.get(id);
    const slot = place === undefined ? undefined : this.slots[place];
    return place === undefined || slot === undefined ? undefined : { place, slot };
  }

  private append(filter: Filter): void {
    const { style, head, openHead = head } = this.from.parts;
    const own = renderEntry(filter, style);
    this.chars += openHead.length - this.head.length;
    this.head = openHead;
    if (style.kind === "block") this.appendBlock(own, filter, style.eol);
    else this.appendFlow(own, filter);
    this.moved.set(filter.id, this.slots.length - 1);
    this.filters++;
  }

  /** Behind the last entry and the comments that follow it without a blank line. */
  private appendBlock(own: string, filter: Filter, eol: string): void {
    const place = this.slots.length - 1;
    const last = this.slots[place];
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
    const place = this.slots.findLastIndex((slot) => slot.filter !== undefined);
    const last = this.slots[place];
    if (last === undefined) {
      this.add({ raw: own, length: own.length, filter });
      return;
    }
    const between = last.raw.slice(last.length);
    this.replace(place, { ...last, raw: `${last.raw.slice(0, last.length)}, ` });
    this.add({ raw: own + between, length: own.length, filter });
  }

  private add(slot: Slot): void {
    this.slots.push(slot);
    this.chars += slot.raw.length;
  }

  private replace(place: number, slot: Slot): void {
    this.chars += slot.raw.length - (this.slots[place]?.raw.length ?? 0);
    this.slots[place] = slot;
  }
}
