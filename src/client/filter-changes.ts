/** Sets and removes filters on a node, one after the other, and collects what came of each. */
import { counted } from "../base/counted.ts";
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Filter } from "../filters/filter.ts";
import type { FilterUpdateResult } from "../wire/gen/lippycat/management/management_pb.ts";
import type { Answer } from "./answer.ts";
import { cellText } from "./cell-text.ts";
import type { NodeClient } from "./connect.ts";

/** One filter to change. */
interface Order {
  readonly filterId: string;
  readonly send: () => Promise<FilterUpdateResult>;
}

interface Change {
  readonly filterId: string;
  /** Why it did not happen. */
  readonly error?: WeirError;
  readonly huntersUpdated: number;
}

/** Create or replace filters, one after the other. `asList` says that a file named them. */
export function setFilters(
  node: NodeClient,
  filters: readonly Filter[],
  asList: boolean,
): Promise<Answer> {
  const orders = filters.map((filter) => ({
    filterId: filter.id,
    send: () =>
      node.management.updateFilter({ ...filter, targetHunters: [...filter.targetHunters] }),
  }));
  return carryOut(orders, "set", asList);
}

/** Remove filters, one after the other. */
export function removeFilters(
  node: NodeClient,
  ids: readonly string[],
  asList: boolean,
): Promise<Answer> {
  const orders = ids.map((filterId) => ({
    filterId,
    send: () => node.management.deleteFilter({ filterId }),
  }));
  return carryOut(orders, "removed", asList);
}

/**
 * Each order in turn. One that is refused does not keep the others from being sent; a node that
 * cannot be reached does.
 */
async function carryOut(orders: readonly Order[], done: string, asList: boolean): Promise<Answer> {
  const changes: Change[] = [];
  for (const order of orders) {
    const change = await carryOutOne(order);
    changes.push(change);
    if (change.error?.code === "node-unreachable") break;
  }
  const failures = changes.flatMap(namedFailure);
  const unsent = orders.length - changes.length;
  if (unsent > 0) failures.push(notSent(unsent));
  for (const { filterId } of orders.slice(changes.length)) {
    changes.push({ filterId, error: notSent(1), huntersUpdated: 0 });
  }
  const json = changes.map(changeJson);
  return {
    json: asList ? json : json[0],
    lines: () => changes.flatMap((change) => changeLine(change, done)),
    failures,
  };
}

async function carryOutOne({ filterId, send }: Order): Promise<Change> {
  try {
    const { success, error, huntersUpdated } = await send();
    if (success) return { filterId, huntersUpdated };
    const reason = error === "" ? "the node gave no reason" : error;
    return { filterId, error: new WeirError("call-failed", reason), huntersUpdated };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { filterId, error, huntersUpdated: 0 };
  }
}

function namedFailure({ filterId, error }: Change): WeirError[] {
  if (error === undefined) return [];
  const shown = quoteText(filterId, limits.settingShownCharsMax);
  return [new WeirError(error.code, `filter ${shown}: ${error.message}`)];
}

function notSent(count: number): WeirError {
  const text = `${counted(count, "filter")} not sent`;
  return new WeirError("node-unreachable", text);
}

function changeJson({ filterId, error, huntersUpdated }: Change) {
  return {
    success: error === undefined,
    error: error?.message ?? "",
    hunters_updated: huntersUpdated,
    filter_id: filterId,
  };
}

/** What did not happen is told on stderr. */
function changeLine({ filterId, error, huntersUpdated }: Change, done: string): string[] {
  if (error !== undefined) return [];
  const hunters = counted(huntersUpdated, "hunter");
  return [`${cellText(filterId, limits.clientCellCharsMax)}: ${done}, ${hunters} updated`];
}
