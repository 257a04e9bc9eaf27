/** Asks a node for its filters. */
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Filter } from "../wire/gen/lippycat/management/management_pb.ts";
import type { Answer } from "./answer.ts";
import type { NodeClient } from "./connect.ts";
import { filterDetails, filterJson, filterTable } from "./filter-view.ts";
import { renderDetails } from "./table.ts";

/** The filters of the node, or those that apply to one hunter; by id, for a map has no order. */
export async function listFilters(node: NodeClient, hunterId: string): Promise<Answer> {
  const filters = await getFilters(node, hunterId);
  const whenNone =
    hunterId === ""
      ? "the node has no filters"
      : `no filters apply to ${quoteText(hunterId, limits.settingShownCharsMax)}`;
  return {
    json: filters.map(filterJson),
    lines: (screen) => filterTable(filters, whenNone, screen),
  };
}

/** One filter. The wire has no question for one: it is looked for among all. */
export async function showFilter(node: NodeClient, id: string): Promise<Answer> {
  const filter = (await getFilters(node, "")).find((candidate) => candidate.id === id);
  if (filter === undefined) {
    const shown = quoteText(id, limits.settingShownCharsMax);
    throw new WeirError("not-found", `no filter ${shown}; weir list filters shows the ids`);
  }
  return { json: filterJson(filter), lines: () => renderDetails(filterDetails(filter)) };
}

async function getFilters(node: NodeClient, hunterId: string): Promise<Filter[]> {
  const { filters } = await node.management.getFilters({ hunterId });
  return filters.sort((a, b) => (a.id < b.id ? -1 : 1));
}
