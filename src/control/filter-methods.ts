/**
 * The RPCs of `lippycat.management.ManagementService` that are about filters
 * (docs/wire.md#filter-rpcs), for this node alone.
 */

import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { satisfies } from "../access/method-roles.ts";
import { counted } from "../base/counted.ts";
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
import type { Events } from "../telemetry/events.ts";
import type {
  FilterRequest,
  FilterSchema,
  FilterUpdateSchema,
  ManagementService,
  Filter as WireFilter,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { Audit } from "./audit.ts";
import { endRpcKey } from "./end-rpc.ts";
import type { HunterClaims } from "./hunter-claims.ts";
import { checkId } from "./input-checks.ts";
import { callerKey, peerKey } from "./peer.ts";

export interface FilterMethodsOptions {
  readonly processorId: string;
  readonly filters: Filters;
  readonly roster: Roster;
  readonly claims: HunterClaims;
  readonly events: Events;
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
  const { processorId, claims } = options;
  const audit = new Audit(options.events);
  const { set: filters, store, distribution } = options.filters;

  const list = (hunterId: string, mayBeSeen: (filter: Filter) => boolean = () => true) => {
    checkNamed(hunterId);
    if (hunterId !== "") return { filters: distribution.filtersFor(hunterId).map(wireFilter) };
    return { filters: [...filters.values()].filter(mayBeSeen).map(wireFilter) };
  };

  const update = async (target: string, given: WireFilter | undefined, context: HandlerContext) => {
    const id = given === undefined || given.id === "" ? "a filter" : `filter ${shown(given.id)}`;
    return audited(`set ${id}`, context, async () => {
      checkLocal(target);
      if (given === undefined) throw new ConnectError("filter is missing", Code.InvalidArgument);
      const filter = acceptFilter(given);
      const what = `set filter ${shown(filter.id)} (${describeFilter(filter)})`;
      return { huntersUpdated: await store.set(filter), what };
    });
  };

  const remove = async (target: string, id: string, context: HandlerContext) => {
    const what = `delete filter ${shown(id)}`;
    return audited(what, context, async () => {
      checkLocal(target);
      const fault = checkFilterId(id);
      if (fault !== undefined) {
        throw new ConnectError(`filter_id ${fault.text}`, Code.InvalidArgument);
      }
      return { huntersUpdated: await store.delete(id), what };
    });
  };

  const audited = async (
    asked: string,
    context: HandlerContext,
    change: () => Promise<{ readonly huntersUpdated: number; readonly what: string }>,
  ) => {
    try {
      const { huntersUpdated, what } = await change();
      const updated = counted(huntersUpdated, "hunter");
      audit.done(context, `${what}; ${updated} updated`);
      return { success: true, error: "", huntersUpdated };
    } catch (error) {
      audit.failed(context, asked, error);
      throw statusOf(error);
    }
  };

  const checkLocal = (id: string): void => {
    if (id === "" || id === processorId) return;
    throw new ConnectError(
      `there is no node ${shown(id)} below ${shown(processorId)}`,
      Code.NotFound,
    );
  };

  return {
    getFilters({ hunterId }, context) {
      if (satisfies(context.values.get(callerKey).roles, "admin")) return list(hunterId);
      claims.check(context, hunterId);
      // All that there are, and still none of those that are for hunters of others.
      return list(hunterId, ({ targetHunters }) => {
        return targetHunters.length === 0 || targetHunters.some((id) => claims.allows(context, id));
      });
    },
    subscribeFilters: (request, context) => subscribe(options, request, context),
    updateFilter: (filter, context) => update("", filter, context),
    deleteFilter: ({ filterId }, context) => remove("", filterId, context),
    // A token says nothing about this node: it is for those further down.
    updateFilterOnProcessor: ({ processorId: target, filter }, context) =>
      update(target, filter, context),
    deleteFilterOnProcessor: ({ processorId: target, filterId }, context) =>
      remove(target, filterId, context),
    getFiltersFromProcessor(request) {
      checkLocal(request.processorId);
      return list(request.hunterId);
    },
    requestAuthToken({ targetProcessorId: target }, context) {
      const error = new ConnectError(
        "this node needs no token for its own filters, and it changes no filters of other nodes",
        Code.FailedPrecondition,
      );
      audit.failed(context, `a token for processor ${shown(target)}`, error);
      throw error;
    },
  };
}

async function* subscribe(
  { filters: { distribution }, claims, roster, events }: FilterMethodsOptions,
  { hunterId }: FilterRequest,
  context: HandlerContext,
): AsyncGenerator<MessageInitShape<typeof FilterUpdateSchema>, void> {
  checkNamed(hunterId);
  claims.check(context, hunterId);
  const end = context.values.get(endRpcKey);
  const peer = context.values.get(peerKey);
  const subscription = distribution.subscribe(hunterId, (reason) => {
    events.tell(filterEvent.stuck, `${peer}: hunter ${shown(hunterId)} is disconnected: ${reason}`);
    end(new ConnectError(`${reason}: connect and register again`, Code.Aborted));
  });
  if (subscription === undefined) {
    throw new ConnectError(
      "the registration is not valid any more: register again",
      Code.Unavailable,
    );
  }
  const { signal } = context;
  const leave = claims.hold(context, hunterId, end);
  const close = (): void => subscription.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  // Existing hunters do without heartbeats when that RPC failed, and may have no packets to send. Who
  // is not known is no hunter yet: anybody may look at the filters.
  const release = roster.find(hunterId) === undefined ? () => {} : roster.hold(hunterId, peer);
  try {
    for await (const step of subscription.steps()) yield wireUpdate(step);
  } finally {
    signal.removeEventListener("abort", close);
    leave();
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
  if (error instanceof ConnectError) return error;
  const code = error instanceof WeirError ? codes[error.code] : undefined;
  return new ConnectError(errorText(error), code ?? Code.Internal);
}
