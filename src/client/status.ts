/** Asks a node for its status. */
import { create } from "@bufbuild/protobuf";
import { WeirError } from "../base/errors.ts";
import {
  type ProcessorStats,
  ProcessorStatsSchema,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { NodeStatus } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import type { Answer } from "./answer.ts";
import type { NodeClient } from "./connect.ts";
import { nodeStatusDetails, nodeStatusJson, subscriberTable } from "./node-status-view.ts";
import { processorStatusName } from "./status-name.ts";
import { renderDetails } from "./table.ts";

/** How the node itself is; with what a node of ours tells beyond the existing ones. */
export async function showStatus(node: NodeClient): Promise<Answer> {
  // One after the other: a wrong API key is one guess then, of the few that an address has.
  const { processorStats } = await node.management.getHunterStatus({});
  const own = await nodeStatus(node);
  const stats = processorStats ?? create(ProcessorStatsSchema);
  const json = statusJson(stats);
  if (own === undefined) return { json, lines: () => renderDetails(statusDetails(stats)) };
  return {
    json: { ...json, ...nodeStatusJson(own) },
    lines: (screen) => [
      ...renderDetails([...statusDetails(stats), ...nodeStatusDetails(own)]),
      ...subscriberTable(own.subscribers, screen),
    ],
  };
}

/** Undefined from a node without the monitoring service. */
async function nodeStatus(node: NodeClient): Promise<NodeStatus | undefined> {
  try {
    return await node.monitoring.getNodeStatus({});
  } catch (error) {
    if (error instanceof WeirError && error.code === "call-unknown") return undefined;
    throw error;
  }
}

/** The keys are those of the existing client (docs/wire.md#command-line-client). */
function statusJson(stats: ProcessorStats) {
  return {
    processor_id: stats.processorId,
    status: processorStatusName(stats.status),
    total_hunters: stats.totalHunters,
    healthy_hunters: stats.healthyHunters,
    warning_hunters: stats.warningHunters,
    error_hunters: stats.errorHunters,
    total_packets_received: stats.totalPacketsReceived,
    total_packets_forwarded: stats.totalPacketsForwarded,
    total_filters: stats.totalFilters,
    upstream_processor: stats.upstreamProcessor,
  };
}

function statusDetails(stats: ProcessorStats): [name: string, value: string][] {
  const text = (count: number | bigint): string => count.toLocaleString("en-US");
  const parts = [
    `${text(stats.healthyHunters)} healthy`,
    `${text(stats.warningHunters)} warning`,
    `${text(stats.errorHunters)} error`,
  ];
  return [
    ["Processor", stats.processorId],
    ["Status", processorStatusName(stats.status)],
    ["Hunters", `${text(stats.totalHunters)} (${parts.join(", ")})`],
    ["Packets received", text(stats.totalPacketsReceived)],
    ["Packets forwarded", text(stats.totalPacketsForwarded)],
    ["Filters applied", text(stats.totalFilters)],
    ["Upstream", stats.upstreamProcessor],
  ];
}
