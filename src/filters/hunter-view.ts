/**
 * What one hunter holds of the filters, and what it still has to be told. Only differences are kept:
 * a filter that does not wait here is held as the set has it, if it is for this hunter at all.
 */
import { FilterType, FilterUpdateType } from "../wire/gen/lippycat/management/management_pb.ts";
import { type Filter, type FilterChange, type FilterSet, sameFilter } from "./filter.ts";
import { type TypeSet, typeBit } from "./filter-types.ts";

export interface FilterStep {
  readonly updateType: FilterUpdateType;
  readonly filter: Filter;
}

/** Whether a hunter with that id and those types gets `filter` (docs/wire.md#distribution). */
export function isFor(filter: Filter, hunterId: string, types: TypeSet): boolean {
  if (!filter.enabled || (types & typeBit(filter.type)) === 0) return false;
  return filter.targetHunters.length === 0 || filter.targetHunters.includes(hunterId);
}

export class HunterView {
  readonly hunterId: string;
  readonly types: TypeSet;
  private readonly filters: FilterSet;
  /** By id: what the hunter holds of it, undefined for nothing. In the order they are sent. */
  private readonly pending = new Map<string, Filter | undefined>();
  /** Goes before all others: the second half of a step that takes two. */
  private next: string | undefined = undefined;

  /** @param filters the set, as it is at any time */
  constructor(hunterId: string, types: TypeSet, filters: FilterSet) {
    this.hunterId = hunterId;
    this.types = types;
    this.filters = filters;
  }

  get waiting(): number {
    return this.pending.size;
  }

  /** The hunter was never given `filter`, and is to get it. */
  owe(filter: Filter): void {
    if (this.pending.has(filter.id) || this.ifForIt(filter) === undefined) return;
    this.pending.set(filter.id, undefined);
  }

  /**
   * Notes a change of the set.
   * @param given whether the hunter has been given `change.before`, if that was for it
   * @returns whether there is something to tell the hunter now
   */
  note({ id, before, after }: FilterChange, given = true): boolean {
    const known = this.pending.has(id);
    const held = known ? this.pending.get(id) : given ? this.ifForIt(before) : undefined;
    if (isSame(held, this.ifForIt(after))) {
      if (this.next === id) this.next = undefined;
      this.pending.delete(id);
      return false;
    }
    if (!known) this.pending.set(id, held);
    return true;
  }

  /** The next thing to tell the hunter, which counts as told; undefined when it holds the set. */
  take(): FilterStep | undefined {
    for (;;) {
      const id = this.next ?? this.pending.keys().next().value;
      if (id === undefined) return undefined;
      const held = this.pending.get(id);
      const wanted = this.ifForIt(this.filters.get(id));
      this.next = undefined;
      this.pending.delete(id);
      if (wanted === undefined) {
        if (held === undefined) continue;
        return { updateType: FilterUpdateType.UPDATE_DELETE, filter: held };
      }
      if (held === undefined) return { updateType: FilterUpdateType.UPDATE_ADD, filter: wanted };
      if (sameFilter(held, wanted)) continue;
      if (isBpf(held) === isBpf(wanted)) {
        return { updateType: FilterUpdateType.UPDATE_MODIFY, filter: wanted };
      }
      // Hunters go by the type of what comes in: the old one has to leave its place by itself.
      this.pending.set(id, undefined);
      this.next = id;
      return { updateType: FilterUpdateType.UPDATE_DELETE, filter: held };
    }
  }

  private ifForIt(filter: Filter | undefined): Filter | undefined {
    return filter !== undefined && isFor(filter, this.hunterId, this.types) ? filter : undefined;
  }
}

export function isBpf(filter: Filter): boolean {
  return filter.type === FilterType.FILTER_BPF;
}

function isSame(a: Filter | undefined, b: Filter | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameFilter(a, b);
}
