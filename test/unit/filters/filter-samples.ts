/** Filters and files of filters for the tests of this room. */
import type { Filter } from "../../../src/filters/filter.ts";
import type { FilterText } from "../../../src/filters/filter-text.ts";
import { readFilters } from "../../../src/filters/read-filters.ts";
import { FilterType } from "../../../src/wire/gen/lippycat/management/management_pb.ts";

export function filterOf(id: string, fields: Partial<Filter> = {}): Filter {
  return {
    id,
    type: FilterType.FILTER_SIP_USER,
    pattern: "alice",
    targetHunters: [],
    enabled: true,
    description: "",
    ...fields,
  };
}

/** The text of a file that must be in order. */
export async function readText(text: string): Promise<FilterText> {
  const read = await readFilters(text);
  if (read.text === undefined) throw new Error(JSON.stringify(read.problems));
  return read.text;
}

export function filtersIn(text: FilterText): Filter[] {
  return text.slots().flatMap(({ filter }) => (filter === undefined ? [] : [filter]));
}
