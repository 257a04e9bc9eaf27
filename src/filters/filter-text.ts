/**
 * The text of a filter file with its entries known by id: the set of filters and what stands around
 * them. Never changed: `text-edit.ts` makes another that shares what stays.
 */
import { type Filter, type FilterChange, type FilterSet, sameFilter } from "./filter.ts";
import { PlaceIndex } from "./place-index.ts";
import { ownLength } from "./split-list.ts";
import type { EntryStyle } from "./write-entry.ts";

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

export class FilterText implements FilterSet {
  readonly parts: TextParts;
  readonly places: PlaceIndex;
  readonly size: number;
  /** UTF-16 units; bytes are at most three times as many. */
  readonly length: number;

  constructor(
    parts: TextParts,
    known: Pick<FilterText, "places" | "size" | "length"> = count(parts),
  ) {
    this.parts = parts;
    this.places = known.places;
    this.size = known.size;
    this.length = known.length;
  }

  get(id: string): Filter | undefined {
    const place = this.places.get(id);
    return place === undefined ? undefined : this.parts.slots[place]?.filter;
  }

  *values(): Generator<Filter, void> {
    for (const { filter } of this.parts.slots) if (filter !== undefined) yield filter;
  }

  /** What turns the set of `from` into the one of this text. */
  changesFrom(from: FilterText): FilterChange[] {
    const changes: FilterChange[] = [];
    // What was read before is the same object, and most of it stands where it stood.
    for (const before of without(from.parts.slots, this.parts.slots)) {
      const { id } = before;
      if (this.get(id) === undefined) changes.push({ id, before, after: undefined });
    }
    for (const after of without(this.parts.slots, from.parts.slots)) {
      const before = from.get(after.id);
      if (before !== undefined && sameFilter(before, after)) continue;
      changes.push({ id: after.id, before, after });
    }
    return changes;
  }

  toString(): string {
    const { head, slots, tail } = this.parts;
    const texts = [head];
    for (const { raw } of slots) if (raw !== "") texts.push(raw);
    texts.push(tail);
    return texts.join("");
  }
}

/** A slot of a block list, whose dashes stand `indent` columns from the left. */
export function blockSlot(raw: string, filter: Filter, indent: number): Slot {
  return { raw, length: ownLength(raw, indent), filter };
}

/** The filters of `slots` that do not stand in the same places of `others`. */
function without(slots: readonly Slot[], others: readonly Slot[]): Filter[] {
  const rest: Filter[] = [];
  for (let place = 0; place < slots.length; place++) {
    const filter = slots[place]?.filter;
    if (filter !== undefined && filter !== others[place]?.filter) rest.push(filter);
  }
  return rest;
}

function count({ head, slots, tail }: TextParts) {
  const places: [string, number][] = [];
  let length = head.length + tail.length;
  for (const [place, { raw, filter }] of slots.entries()) {
    length += raw.length;
    if (filter !== undefined) places.push([filter.id, place]);
  }
  return { places: PlaceIndex.of(places), size: places.length, length };
}
