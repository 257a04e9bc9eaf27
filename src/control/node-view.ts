/** What the services need to know of the node that they speak for. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Clock } from "../base/clock.ts";
import { recorderState } from "../pipeline/board.ts";
import type { Roster } from "../roster/roster.ts";
import {
  type ProcessorStatsSchema,
  ProcessorStatus,
} from "../wire/gen/lippycat/management/management_pb.ts";

export interface NodeView {
  readonly processorId: string;
  readonly roster: Roster;
  readonly clock: Clock;
  /** One of `recorderState`. */
  readonly recorderState: () => number;
  /** Packets of all hunters since the start. */
  readonly packetsReceived: () => number;
}

const uint32Max = 0xffff_ffff;

/** ERROR while what comes cannot be recorded. */
export function processorStatus(node: NodeView): ProcessorStatus {
  return node.recorderState() === recorderState.stalled
    ? ProcessorStatus.PROCESSOR_ERROR
    : ProcessorStatus.PROCESSOR_HEALTHY;
}

/** The numbers of docs/wire.md#status-rpcs, with totals that are those of this moment. */
export function processorStats(node: NodeView): MessageInitShape<typeof ProcessorStatsSchema> {
  const totals = node.roster.totals();
  return {
    totalHunters: totals.hunters,
    healthyHunters: totals.healthy,
    warningHunters: totals.warning,
    errorHunters: totals.error,
    totalPacketsReceived: BigInt(node.packetsReceived()),
    totalPacketsForwarded: 0n,
    // A sum of what hunters say: it need not fit.
    totalFilters: Math.min(totals.activeFilters, uint32Max),
    processorId: node.processorId,
    status: processorStatus(node),
    upstreamProcessor: "",
  };
}

/** Now, in nanoseconds since 1970. */
export function nowNs(clock: Clock): bigint {
  return nanoseconds(clock.wallMs());
}

export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}
