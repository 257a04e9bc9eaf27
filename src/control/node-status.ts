/** What `MonitoringService.GetNodeStatus` answers. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { limits } from "../config/limits.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";
import { recorderState } from "../pipeline/board.ts";
import type { EventCounts } from "../telemetry/events.ts";
import {
  type NodeStatusSchema,
  type PacketAccountsSchema,
  RecorderState,
  type SubscriberSchema,
} from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { type NodeView, processorStats } from "./node-view.ts";
import type { SubscriberTable } from "./subscriber-table.ts";

/** Packets since the start, read at one moment; of `PacketAccounts` in monitoring.proto. */
export interface PacketCounts {
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly acknowledged: number;
  readonly written: number;
  readonly inFlight: number;
  readonly held: number;
  readonly abandoned: number;
  readonly deleted: number;
}

export interface NodeStatusOptions {
  readonly node: NodeView;
  readonly version: string;
  readonly startedAtMs: number;
  readonly packets: () => PacketCounts;
  /** When the node's certificate ends, in milliseconds since 1970; 0 without TLS. */
  readonly certificateEndsMs: () => number;
  readonly subscribers: SubscriberTable;
  /** How often each event happened since the start, over all threads. */
  readonly eventCounts: () => EventCounts;
}

const recorderStates: Readonly<Record<number, RecorderState>> = {
  [recorderState.starting]: RecorderState.UNSPECIFIED,
  [recorderState.off]: RecorderState.OFF,
  [recorderState.recording]: RecorderState.RECORDING,
  [recorderState.stalled]: RecorderState.STALLED,
  [recorderState.closed]: RecorderState.CLOSED,
};

export function nodeStatus(options: NodeStatusOptions): MessageInitShape<typeof NodeStatusSchema> {
  const { node, version, subscribers } = options;
  const upMs = node.clock.monotonicMs() - options.startedAtMs;
  const totals = subscribers.totals();
  return {
    processorId: node.processorId,
    version,
    uptimeSec: BigInt(Math.floor(upMs / 1000)),
    processorStats: processorStats(node),
    packets: accountsMessage(options.packets()),
    recorderState: recorderStates[node.recorderState()] ?? RecorderState.UNSPECIFIED,
    subscribers: listSubscribers(subscribers),
    totalSubscribers: totals.open,
    totalBatchesDropped: BigInt(totals.batchesDropped),
    certificateExpiresSec: BigInt(Math.floor(options.certificateEndsMs() / 1000)),
    events: eventsMessage(options.eventCounts()),
  };
}

function accountsMessage(counts: PacketCounts): MessageInitShape<typeof PacketAccountsSchema> {
  const entries = Object.entries(counts).map(([name, count]) => [name, BigInt(count)]);
  return Object.fromEntries(entries);
}

function eventsMessage(counts: EventCounts): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

function listSubscribers(table: SubscriberTable): MessageInitShape<typeof SubscriberSchema>[] {
  const list: MessageInitShape<typeof SubscriberSchema>[] = [];
  let bytes = 0;
  for (const subscriber of table.open()) {
    const { clientId, peer, hunters = [], expression } = subscriber;
    bytes += 64;
    for (const text of [clientId, peer, expression, ...hunters])
      bytes += Buffer.byteLength(text) + 5;
    if (bytes > limits.statusBytesMax) break;
    list.push(subscriberMessage(subscriber));
  }
  return list;
}

function subscriberMessage(
  subscriber: SubscriberReport,
): MessageInitShape<typeof SubscriberSchema> {
  const { clientId, peer, hunters, expression } = subscriber;
  return {
    clientId: clientId.toWellFormed(),
    peer,
    hunterIds: (hunters ?? []).map((id) => id.toWellFormed()),
    hasHunterFilter: hunters !== undefined,
    bpfFilter: expression.toWellFormed(),
    batchesSent: BigInt(subscriber.batchesSent),
    batchesDropped: BigInt(subscriber.batchesDropped),
    batchesQueued: BigInt(subscriber.batchesQueued),
    hunterCount: subscriber.hunterCount,
  };
}
