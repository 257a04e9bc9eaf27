/** What `show status` prints of `MonitoringService.GetNodeStatus`. */
import {
  type NodeStatus,
  type PacketAccounts,
  RecorderState,
  type Subscriber,
} from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { secondsText } from "./cell-text.ts";
import type { Screen } from "./screen.ts";
import { type Column, renderTable } from "./table.ts";

const recorderStateNames: Readonly<Record<number, string>> = {
  [RecorderState.UNSPECIFIED]: "starting",
  [RecorderState.OFF]: "off",
  [RecorderState.RECORDING]: "recording",
  [RecorderState.STALLED]: "stalled",
  [RecorderState.CLOSED]: "closed",
};

function recorderStateName(state: number): string {
  return recorderStateNames[state] ?? `unknown_${state}`;
}

/** What `show status` has beside the keys of the existing client. */
export function nodeStatusJson(node: NodeStatus) {
  return {
    version: node.version,
    uptime_sec: node.uptimeSec,
    recorder: recorderStateName(node.recorderState),
    packets: node.packets === undefined ? null : packetsJson(node.packets),
    certificate_expires: node.certificateExpiresSec === 0n ? null : certificateEnd(node),
    total_subscribers: node.totalSubscribers,
    total_batches_dropped: node.totalBatchesDropped,
    subscribers: node.subscribers.map(subscriberJson),
    events: node.events,
  };
}

/** As RFC 3339 has it; a time beyond what dates can say is the last that they can. */
function certificateEnd({ certificateExpiresSec }: NodeStatus): string {
  const seconds = Math.min(Number(certificateExpiresSec), 8.64e12);
  return new Date(seconds * 1000).toISOString();
}

function packetsJson(packets: PacketAccounts) {
  const { received, accepted, rejected, acknowledged, written, held, abandoned, deleted } = packets;
  const { inFlight: in_flight } = packets;
  return {
    received,
    accepted,
    rejected,
    acknowledged,
    written,
    in_flight,
    held,
    abandoned,
    deleted,
  };
}

function subscriberJson(subscriber: Subscriber) {
  return {
    client_id: subscriber.clientId,
    peer: subscriber.peer,
    has_hunter_filter: subscriber.hasHunterFilter,
    hunter_count: subscriber.hunterCount,
    hunter_ids: subscriber.hunterIds,
    bpf_filter: subscriber.bpfFilter,
    batches_sent: subscriber.batchesSent,
    batches_dropped: subscriber.batchesDropped,
    batches_queued: subscriber.batchesQueued,
  };
}

export function nodeStatusDetails(node: NodeStatus): [name: string, value: string][] {
  const text = (count: number | bigint): string => count.toLocaleString("en-US");
  const details: [string, string][] = [
    ["Version", node.version],
    ["Running for", secondsText(node.uptimeSec)],
    ["Recorder", recorderStateName(node.recorderState)],
  ];
  if (node.certificateExpiresSec > 0n) {
    details.push(["Certificate", `until ${certificateEnd(node)}`]);
  }
  const { packets } = node;
  if (packets !== undefined) {
    details.push(
      ["Packets written", text(packets.written)],
      ["Packets waiting", text(packets.inFlight + packets.held)],
      ["Packets rejected", text(packets.rejected)],
      ["Packets abandoned", text(packets.abandoned)],
    );
  }
  const lost = `${text(node.totalBatchesDropped)} batches lost`;
  details.push(["Subscribers", `${text(node.totalSubscribers)} (${lost})`]);
  return details;
}

const columns: readonly Column<Subscriber>[] = [
  { title: "SUBSCRIBER", cell: ({ clientId }) => clientId, columnsMin: 8 },
  { title: "ADDRESS", cell: ({ peer }) => peer, columnsMin: 8 },
  { title: "HUNTERS", cell: huntersOf, align: "right" },
  { title: "FILTER", cell: ({ bpfFilter }) => bpfFilter, columnsMin: 8 },
  { title: "SENT", cell: ({ batchesSent }) => batchesSent.toLocaleString("en-US"), align: "right" },
  {
    title: "DROPPED",
    cell: ({ batchesDropped }) => batchesDropped.toLocaleString("en-US"),
    align: "right",
    tone: ({ batchesDropped }) => (batchesDropped > 0n ? "bad" : undefined),
  },
  {
    title: "QUEUED",
    cell: ({ batchesQueued }) => batchesQueued.toLocaleString("en-US"),
    align: "right",
  },
];

function huntersOf({ hasHunterFilter, hunterCount }: Subscriber): string {
  return hasHunterFilter ? hunterCount.toLocaleString("en-US") : "all";
}

/** Nothing when nobody has subscribed. */
export function subscriberTable(subscribers: readonly Subscriber[], screen: Screen): string[] {
  return subscribers.length === 0 ? [] : ["", ...renderTable(subscribers, columns, screen)];
}
