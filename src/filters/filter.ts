/** A filter, a change of one, and when two are the same. */
import type { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";

/** What hunters select packets by. Plain, checked by `checkFilter`, never changed once in the set. */
export interface Filter {
  readonly id: string;
  readonly type: FilterType;
  readonly pattern: string;
  /** Hunter ids; empty is every hunter that supports the type. */
  readonly targetHunters: readonly string[];
  readonly enabled: boolean;
  readonly description: string;
}

/** Filters by id, in no particular order. */
export interface FilterSet {
  readonly size: number;
  get(id: string): Filter | undefined;
  values(): IterableIterator<Filter>;
}

/** One id's step from one state to the next; undefined where it is not in the set. */
export interface FilterChange {
  readonly id: string;
  readonly before: Filter | undefined;
  readonly after: Filter | undefined;
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.type === b.type &&
      a.pattern === b.pattern &&
      a.enabled === b.enabled &&
      a.description === b.description &&
      sameTexts(a.targetHunters, b.targetHunters))
  );
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
