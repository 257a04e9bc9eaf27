/** Filters as JSON, as a table and in detail. */
import { filterTypeName } from "../wire/filter-type.ts";
import type { Filter } from "../wire/gen/lippycat/management/management_pb.ts";
import type { Screen } from "./screen.ts";
import { type Column, renderTable } from "./table.ts";

/** The keys are those of a filter file, which a JSON of these may be. */
export function filterJson(filter: Filter) {
  return {
    id: filter.id,
    type: filterTypeName(filter.type),
    pattern: filter.pattern,
    target_hunters: filter.targetHunters,
    enabled: filter.enabled,
    description: filter.description,
  };
}

const columns: readonly Column<Filter>[] = [
  // A UUID stays whole: it is what `rm filter` wants.
  { title: "FILTER", cell: (filter) => filter.id, columnsMin: 36 },
  { title: "TYPE", cell: (filter) => filterTypeName(filter.type) },
  {
    title: "ON",
    cell: (filter) => (filter.enabled ? "yes" : "no"),
    tone: (filter) => (filter.enabled ? "good" : "doubtful"),
  },
  { title: "HUNTERS", cell: targets, columnsMin: 7 },
  { title: "PATTERN", cell: (filter) => filter.pattern, columnsMin: 8 },
];

function targets(filter: Filter): string {
  return filter.targetHunters.length === 0 ? "all" : filter.targetHunters.join(", ");
}

export function filterTable(
  filters: readonly Filter[],
  whenNone: string,
  screen: Screen,
): readonly string[] {
  return filters.length === 0 ? [whenNone] : renderTable(filters, columns, screen);
}

export function filterDetails(filter: Filter): [name: string, value: string][] {
  return [
    ["Filter", filter.id],
    ["Type", filterTypeName(filter.type)],
    ["Pattern", filter.pattern],
    ["Hunters", targets(filter)],
    ["Enabled", filter.enabled ? "yes" : "no"],
    ["Description", filter.description],
  ];
}
