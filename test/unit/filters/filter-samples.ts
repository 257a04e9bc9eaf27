/** Filters and files of filters for the tests of this room. */
import type { Filter } from "../../../src/filters/filter.ts";
import type { FilterText } from "../../../src/filters/filter-text.ts";
import { readFilters } from "../../../src/filters/read-filters.ts";
import { TextEdit } from "../../../src/filters/text-edit.ts";
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
  return [...text.values()];
}

/** `text` with these filters set, or deleted where there is an id alone, one after the other. */
export function edited(text: FilterText, ...edits: (Filter | string)[]): FilterText {
  const edit = new TextEdit(text);
  for (const each of edits) {
    if (typeof each === "string") edit.delete(each);
    else edit.set(each);
  }
  return edit.done();
}
