import { create } from "@bufbuild/protobuf";
import {
  ManagementService,
  type ProcessorStats,
  ProcessorStatsSchema,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { Answer } from "./answer.ts";
import type { NodeClient } from "./connect.ts";
import { processorStatusName } from "./status-name.ts";
import { renderDetails } from "./table.ts";

/** How the node itself is. */
export async function showStatus(node: NodeClient): Promise<Answer> {
  const { processorStats } = await node.call(ManagementService.method.getHunterStatus, {});
  const stats = processorStats ?? create(ProcessorStatsSchema);
  return { json: statusJson(stats), lines: () => renderDetails(statusDetails(stats)) };
}

/** The keys are those of the existing client (contract.md section 2.3). */
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
    ["Filters", text(stats.totalFilters)],
    ["Upstream", stats.upstreamProcessor],
  ];
}
