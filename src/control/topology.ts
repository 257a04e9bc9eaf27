/** GetTopology and SubscribeTopology (docs/wire.md#topology-rpcs) for this node and its hunters. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { RosterEvent } from "../roster/hunter.ts";
import {
  type ManagementService,
  NodeType,
  type TopologyUpdateSchema,
  TopologyUpdateType,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { Bell } from "./bell.ts";
import { connectedHunter, listHunters } from "./connected-hunter.ts";
import { type NodeView, nowNs, processorStatus } from "./node-view.ts";

type TopologyEvent = Exclude<RosterEvent, { kind: "changed" }>;
type TopologyUpdateInit = MessageInitShape<typeof TopologyUpdateSchema>;

export function createTopology(
  node: NodeView,
): Pick<ServiceImpl<typeof ManagementService>, "getTopology" | "subscribeTopology"> {
  const { processorId, roster, clock } = node;
  return {
    getTopology() {
      const now = clock.monotonicMs();
      return {
        processor: {
          // Clients know the address that they dialled; only nodes below another have one here.
          address: "",
          processorId,
          status: processorStatus(node),
          hunters: listHunters(roster, (hunter) => connectedHunter(hunter, now)),
          reachable: true,
          nodeType: NodeType.PROCESSOR,
        },
      };
    },

    /** Events from now on, for this RPC alone whatever its client_id; open until it is cancelled. */
    async *subscribeTopology(_request, { signal }) {
      const events: TopologyEvent[] = [];
      const bell = new Bell(signal);
      const off = roster.onEvent((event) => {
        if (event.kind === "changed" || events.length >= limits.topologyUpdatesMax) return;
        events.push(event);
        bell.ring();
      });
      try {
        while (!signal.aborted) {
          const event = events.shift();
          if (event === undefined) await bell.wait();
          else yield topologyUpdate(node, event);
        }
      } finally {
        off();
      }
    },
  };
}

function topologyUpdate(node: NodeView, event: TopologyEvent): TopologyUpdateInit {
  const { processorId, clock } = node;
  const from = { timestampNs: nowNs(clock), processorId };
  const { hunter } = event;
  const hunterId = hunter.id;
  switch (event.kind) {
    case "connected":
      return {
        ...from,
        updateType: TopologyUpdateType.TOPOLOGY_HUNTER_CONNECTED,
        event: {
          case: "hunterConnected",
          value: { hunter: connectedHunter(hunter, clock.monotonicMs()) },
        },
      };
    case "disconnected":
      return {
        ...from,
        updateType: TopologyUpdateType.TOPOLOGY_HUNTER_DISCONNECTED,
        event: { case: "hunterDisconnected", value: { hunterId, reason: event.reason } },
      };
    case "status-changed": {
      const { oldStatus, newStatus } = event;
      return {
        ...from,
        updateType: TopologyUpdateType.TOPOLOGY_HUNTER_STATUS_CHANGED,
        event: { case: "hunterStatusChanged", value: { hunterId, oldStatus, newStatus } },
      };
    }
  }
}
