/**
 * The calls of `lippycat.management.ManagementService` that are about filters (contract.md sections
 * 1.6, 1.8 and 3; section 9 items 8 to 11), for this node alone.
 */
import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { errorText, WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import {
  checkFilter,
  checkFilterId,
  describeFilter,
  normalizeFilter,
} from "../filters/check-filter.ts";
import { filterEvent } from "../filters/events.ts";
import type { Filter } from "../filters/filter.ts";
import type { Filters } from "../filters/filters.ts";
import type { FilterStep } from "../filters/hunter-view.ts";
import type { Roster } from "../roster/roster.ts";
import type { Log } from "../telemetry/log.ts";
import type {
  FilterRequest,
  FilterSchema,
  FilterUpdateSchema,
  ManagementService,
  Filter as WireFilter,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { endCallKey } from "./end-call.ts";
import { checkId } from "./input-checks.ts";
import { peerKey } from "./peer.ts";

export interface FilterMethodsOptions {
  readonly processorId: string;
  readonly filters: Filters;
  readonly roster: Roster;
  readonly log: Log;
}

type FilterMethods = Pick<
  ServiceImpl<typeof ManagementService>,
  | "getFilters"
  | "subscribeFilters"
  | "updateFilter"
  | "deleteFilter"
  | "updateFilterOnProcessor"
  | "deleteFilterOnProcessor"
  | "getFiltersFromProcessor"
  | "requestAuthToken"
>;

export function createFilterMethods(options: FilterMethodsOptions): FilterMethods {
  const { processorId, log } = options;
  const { set: filters, store, distribution } = options.filters;

  const list = (hunterId: string) => {
    checkNamed(hunterId);
    const found = hunterId === "" ? [...filters.values()] : distribution.filtersFor(hunterId);
    return { filters: found.map(wireFilter) };
  };

  const update = async (given: WireFilter, context: HandlerContext) => {
    const filter = acceptFilter(given);
    const who = context.values.get(peerKey);
    const what = `filter ${shown(filter.id)} (${describeFilter(filter)})`;
    return audited(`set ${what}`, who, () => store.set(filter));
  };

  const remove = async (id: string, context: HandlerContext) => {
    const fault = checkFilterId(id);
    if (fault !== undefined) {
      throw new ConnectError(`filter_id ${fault.text}`, Code.InvalidArgument);
    }
    const who = context.values.get(peerKey);
    return audited(`delete filter ${shown(id)}`, who, () => store.delete(id));
  };

  /** One line for each change that is asked for, whatever comes of it. */
  const audited = async (what: string, who: string, change: () => Promise<number>) => {
    try {
      const huntersUpdated = await change();
      const told = huntersUpdated === 1 ? "1 hunter is" : `${huntersUpdated} hunters are`;
      log.info(filterEvent.change, `${who}: ${what}; ${told} told`);
      return { success: true, error: "", huntersUpdated };
    } catch (error) {
      log.warn(filterEvent.changeRefused, `${who}: ${what}: ${errorText(error)}`);
      throw statusOf(error);
    }
  };

  const checkLocal = (id: string): void => {
    if (id === "" || id === processorId) return;
    throw new ConnectError(
      `there is no processor ${shown(id)} below ${shown(processorId)}`,
      Code.NotFound,
    );
  };

  return {
    getFilters: ({ hunterId }) => list(hunterId),
    subscribeFilters: (request, context) => subscribe(options, request, context),
    updateFilter: update,
    deleteFilter: ({ filterId }, context) => remove(filterId, context),
    // A token says nothing about this node: it is for those further down.
    updateFilterOnProcessor(request, context) {
      checkLocal(request.processorId);
      if (request.filter === undefined) {
        throw new ConnectError("filter is missing", Code.InvalidArgument);
      }
      return update(request.filter, context);
    },
    deleteFilterOnProcessor(request, context) {
      checkLocal(request.processorId);
      return remove(request.filterId, context);
    },
    getFiltersFromProcessor(request) {
      checkLocal(request.processorId);
      return list(request.hunterId);
    },
    requestAuthToken() {
      throw new ConnectError(
        "this processor needs no token for its own filters, and none reach others through it",
        Code.FailedPrecondition,
      );
    },
  };
}

async function* subscribe(
  { filters: { distribution }, roster, log }: FilterMethodsOptions,
  { hunterId }: FilterRequest,
  context: HandlerContext,
): AsyncGenerator<MessageInitShape<typeof FilterUpdateSchema>, void> {
  checkNamed(hunterId);
  const end = context.values.get(endCallKey);
  const peer = context.values.get(peerKey);
  const subscription = distribution.subscribe(hunterId, (reason) => {
    log.warn(filterEvent.stuck, `${peer}: hunter ${shown(hunterId)} is cut off: ${reason}`);
    end(new ConnectError(`${reason}: connect and register anew`, Code.Aborted));
  });
  if (subscription === undefined) {
    throw new ConnectError("the registration is too old: register anew", Code.Unavailable);
  }
  const { signal } = context;
  const close = (): void => subscription.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  // Existing hunters do without heartbeats when that call failed, and may have no packets to send. Who
  // is not known is no hunter yet: anybody may look at the filters.
  const release = roster.find(hunterId) === undefined ? () => {} : roster.hold(hunterId, peer);
  try {
    for await (const step of subscription.steps()) yield wireUpdate(step);
  } finally {
    signal.removeEventListener("abort", close);
    close();
    release();
  }
}

export function wireFilter(filter: Filter): MessageInitShape<typeof FilterSchema> {
  return { ...filter, targetHunters: [...filter.targetHunters] };
}

function wireUpdate({ updateType, filter }: FilterStep) {
  return { updateType, filter: wireFilter(filter) };
}

/** A client's filter as it is to be kept; one without an id gets one. */
function acceptFilter({ id, type, pattern, targetHunters, enabled, description }: WireFilter) {
  const given: Filter = {
    id: id === "" ? `filter-${randomUUID()}` : id,
    type,
    pattern,
    targetHunters,
    enabled,
    description,
  };
  const fault = checkFilter(given);
  if (fault === undefined) return normalizeFilter(given);
  throw new ConnectError(`${fault.field} ${fault.text}`, Code.InvalidArgument);
}

/** A client without a name gets what is for every hunter. */
function checkNamed(hunterId: string): void {
  if (hunterId !== "") checkId("hunter_id", hunterId);
}

function shown(id: string): string {
  return quoteText(id, limits.settingShownCharsMax);
}

const codes: Readonly<Record<string, Code>> = {
  "filter-unknown": Code.NotFound,
  "filters-too-many": Code.ResourceExhausted,
  "filter-file-broken": Code.FailedPrecondition,
  "filter-file-unreadable": Code.FailedPrecondition,
  "filter-file-unwritable": Code.FailedPrecondition,
};

function statusOf(error: unknown): ConnectError {
  const code = error instanceof WeirError ? codes[error.code] : undefined;
  return new ConnectError(errorText(error), code ?? Code.Internal);
}
