/** Hunters as JSON, as a table and in detail. */
import type {
  ConnectedHunter,
  HunterStats,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { secondsText } from "./cell-text.ts";
import type { Screen } from "./screen.ts";
import { hunterStatusName, toneOf } from "./status-name.ts";
import { type Column, renderTable } from "./table.ts";

/** The keys are those of the existing client (docs/wire.md#command-line-client). */
export function hunterJson(hunter: ConnectedHunter) {
  const { stats, capabilities } = hunter;
  return {
    hunter_id: hunter.hunterId,
    hostname: hunter.hostname,
    remote_addr: hunter.remoteAddr,
    status: hunterStatusName(hunter.status),
    connected_duration_sec: hunter.connectedDurationSec,
    interfaces: hunter.interfaces,
    stats: stats === undefined ? null : statsJson(stats),
    capabilities:
      capabilities === undefined
        ? null
        : {
            filter_types: capabilities.filterTypes,
            max_buffer_size: capabilities.maxBufferSize,
            gpu_acceleration: capabilities.gpuAcceleration,
            af_xdp: capabilities.afXdp,
          },
  };
}

function statsJson(stats: HunterStats) {
  return {
    packets_captured: stats.packetsCaptured,
    packets_matched: stats.packetsMatched,
    packets_forwarded: stats.packetsForwarded,
    packets_dropped: stats.packetsDropped,
    buffer_bytes: stats.bufferBytes,
    active_filters: stats.activeFilters,
    cpu_percent: singlePrecision(stats.cpuPercent),
    memory_rss_bytes: stats.memoryRssBytes,
    memory_limit_bytes: stats.memoryLimitBytes,
  };
}

/** A float of the wire as short as it was meant: 12.3, not 12.300000190734863. */
function singlePrecision(value: number): number {
  return Number(value.toPrecision(7));
}

const compact = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

const columns: readonly Column<ConnectedHunter>[] = [
  { title: "HUNTER", cell: (hunter) => hunter.hunterId, columnsMin: 8 },
  {
    title: "STATUS",
    cell: (hunter) => hunterStatusName(hunter.status),
    tone: (hunter) => toneOf(hunterStatusName(hunter.status)),
  },
  { title: "ADDRESS", cell: (hunter) => hunter.remoteAddr, columnsMin: 8 },
  {
    title: "CONNECTED",
    cell: ({ connectedDurationSec }) => secondsText(connectedDurationSec),
    align: "right",
  },
  { title: "FORWARDED", cell: ({ stats }) => short(stats?.packetsForwarded), align: "right" },
  { title: "DROPPED", cell: ({ stats }) => short(stats?.packetsDropped), align: "right" },
];

function short(count: bigint | undefined): string {
  return count === undefined ? "" : compact.format(count);
}

export function hunterTable(hunters: readonly ConnectedHunter[], screen: Screen): string[] {
  if (hunters.length === 0) return ["no hunters are connected"];
  return renderTable(hunters, columns, screen);
}

export function hunterDetails(hunter: ConnectedHunter): [name: string, value: string][] {
  const { stats, capabilities } = hunter;
  const details: [string, string][] = [
    ["Hunter", hunter.hunterId],
    ["Status", hunterStatusName(hunter.status)],
    ["Host", hunter.hostname],
    ["Address", hunter.remoteAddr],
    ["Interfaces", hunter.interfaces.join(", ")],
    ["Connected", secondsText(hunter.connectedDurationSec)],
  ];
  if (capabilities !== undefined) {
    const offers = capabilities.filterTypes.slice();
    if (capabilities.gpuAcceleration) offers.push("GPU");
    if (capabilities.afXdp) offers.push("AF_XDP");
    details.push(["Can filter by", offers.join(", ")]);
  }
  if (stats !== undefined) details.push(...statsDetails(stats));
  return details;
}

function statsDetails(stats: HunterStats): [string, string][] {
  const full = (count: bigint): string => count.toLocaleString("en-US");
  const { memoryRssBytes: rss, memoryLimitBytes: limit } = stats;
  const of = limit > 0n ? ` of ${compact.format(limit)}B` : "";
  return [
    ["Captured", full(stats.packetsCaptured)],
    ["Matched", full(stats.packetsMatched)],
    ["Forwarded", full(stats.packetsForwarded)],
    ["Dropped", full(stats.packetsDropped)],
    ["Buffered", `${full(stats.bufferBytes)} bytes`],
    ["Filters applied", full(BigInt(stats.activeFilters))],
    ["CPU", stats.cpuPercent < 0 ? "" : `${singlePrecision(stats.cpuPercent)} %`],
    ["Memory", rss > 0n ? `${compact.format(rss)}B${of}` : ""],
  ];
}
