/** GetHunterStatus and ListAvailableHunters (docs/wire.md#status-rpcs): from memory, without waiting. */
import type { ServiceImpl } from "@connectrpc/connect";
import type { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { availableHunter, connectedHunter, listHunters } from "./connected-hunter.ts";
import { type NodeView, processorStats } from "./node-view.ts";

export function createStatus(
  node: NodeView,
): Pick<ServiceImpl<typeof ManagementService>, "getHunterStatus" | "listAvailableHunters"> {
  const { roster, clock } = node;
  return {
    getHunterStatus({ hunterId }) {
      const now = clock.monotonicMs();
      const stats = processorStats(node);
      if (hunterId === "") {
        const hunters = listHunters(roster, (hunter) => connectedHunter(hunter, now));
        return { hunters, processorStats: stats };
      }
      const hunter = roster.find(hunterId);
      return {
        hunters: hunter === undefined ? [] : [connectedHunter(hunter, now)],
        processorStats: stats,
      };
    },

    listAvailableHunters() {
      const now = clock.monotonicMs();
      return { hunters: listHunters(roster, (hunter) => availableHunter(hunter, now)) };
    },
  };
}
