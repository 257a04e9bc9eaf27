/** `lippycat.monitoring.MonitoringService`; its SubscribePackets is served by the shards. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import {
  type HunterStatusUpdateSchema,
  HunterStatusUpdateType,
  type MonitoringService,
} from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { Bell } from "./bell.ts";
import { connectedHunter, listHunters } from "./connected-hunter.ts";
import { type NodeStatusOptions, nodeStatus } from "./node-status.ts";
import { type NodeView, nowNs } from "./node-view.ts";
import { type PendingUpdate, PendingUpdates } from "./pending-updates.ts";

const updateTypes = {
  connected: HunterStatusUpdateType.CONNECTED,
  changed: HunterStatusUpdateType.CHANGED,
  disconnected: HunterStatusUpdateType.DISCONNECTED,
} as const;

export function createMonitoring(
  options: NodeStatusOptions,
): Pick<ServiceImpl<typeof MonitoringService>, "getHunterStatus" | "getNodeStatus"> {
  const { node } = options;
  return {
    getNodeStatus: () => nodeStatus(options),

    /** A snapshot, then changes; what a slow client missed comes as a snapshot again. */
    async *getHunterStatus(_request, { signal }) {
      const pending = new PendingUpdates(limits.monitoringUpdatesMax);
      const bell = new Bell(signal);
      const off = node.roster.onEvent((event) => {
        pending.add(event);
        bell.ring();
      });
      try {
        while (!signal.aborted) {
          const update = pending.take();
          if (update === undefined) await bell.wait();
          else yield statusUpdate(node, update);
        }
      } finally {
        off();
      }
    },
  };
}

function statusUpdate(
  { processorId, roster, clock }: NodeView,
  update: PendingUpdate | "snapshot",
): MessageInitShape<typeof HunterStatusUpdateSchema> {
  const now = clock.monotonicMs();
  const from = { timestampNs: nowNs(clock), processorId };
  if (update === "snapshot") {
    const hunters = listHunters(roster, (hunter) => connectedHunter(hunter, now));
    return { ...from, updateType: HunterStatusUpdateType.SNAPSHOT, hunters };
  }
  const { kind, hunter, reason } = update;
  return {
    ...from,
    updateType: updateTypes[kind],
    hunters: [connectedHunter(hunter, now)],
    reason,
  };
}
