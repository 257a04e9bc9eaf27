/** Heartbeat (docs/wire.md#heartbeat), by our clock: a hunter's timestamp is echoed and not believed. */
import type { ServiceImpl } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { HunterCounters } from "../roster/hunter.ts";
import {
  type HunterStats,
  HunterStatus,
  type ManagementService,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { HunterClaims } from "./hunter-claims.ts";
import { checkId } from "./input-checks.ts";
import { type NodeView, processorStatus } from "./node-view.ts";
import { peerKey } from "./peer.ts";

export function createHeartbeat(
  node: NodeView,
  claims: HunterClaims,
): Pick<ServiceImpl<typeof ManagementService>, "heartbeat"> {
  const { processorId, roster } = node;
  return {
    async *heartbeat(requests, context) {
      const peer = context.values.get(peerKey);
      const releases = new Map<string, () => void>();
      try {
        for await (const beat of requests) {
          const { hunterId, timestampNs } = beat;
          checkId("hunter_id", hunterId);
          claims.check(context, hunterId);
          roster.heartbeat(hunterId, statusOf(beat.status), peer, countersOf(beat.stats));
          if (!releases.has(hunterId) && releases.size < limits.heartbeatHuntersMax) {
            releases.set(hunterId, roster.hold(hunterId, peer));
          }
          yield {
            timestampNs,
            status: processorStatus(node),
            huntersConnected: roster.size,
            processorId,
          };
        }
      } finally {
        for (const release of releases.values()) release();
      }
    },
  };
}

const knownStates: ReadonlySet<HunterStatus> = new Set(Object.values(HunterStatus));

/** A state that we do not know is at least not HEALTHY. */
function statusOf(status: HunterStatus): HunterStatus {
  return knownStates.has(status) ? status : HunterStatus.STATUS_WARNING;
}

/** The known fields alone: what a message holds beside them is the client's, at any length. */
function countersOf(stats: HunterStats | undefined): HunterCounters | undefined {
  if (stats === undefined) return undefined;
  return {
    packetsCaptured: stats.packetsCaptured,
    packetsMatched: stats.packetsMatched,
    packetsForwarded: stats.packetsForwarded,
    packetsDropped: stats.packetsDropped,
    bufferBytes: stats.bufferBytes,
    activeFilters: stats.activeFilters,
    // Clients print it as JSON, which has no NaN.
    cpuPercent: Number.isFinite(stats.cpuPercent) ? stats.cpuPercent : -1,
    memoryRssBytes: stats.memoryRssBytes,
    memoryLimitBytes: stats.memoryLimitBytes,
  };
}
