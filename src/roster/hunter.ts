/** What the node knows of one hunter. */
import { HunterStatus } from "../wire/gen/lippycat/management/management_pb.ts";

/** What a hunter can do, as it said when it registered. */
export interface Capabilities {
  /** Names such as "bpf", "ip_address" (docs/wire.md#hunters). */
  readonly filterTypes: readonly string[];
  readonly maxBufferSize: bigint;
  readonly gpuAcceleration: boolean;
  readonly afXdp: boolean;
}

/** What a hunter said of itself in its last heartbeat. */
export interface HunterCounters {
  readonly packetsCaptured: bigint;
  readonly packetsMatched: bigint;
  readonly packetsForwarded: bigint;
  readonly packetsDropped: bigint;
  readonly bufferBytes: bigint;
  readonly activeFilters: number;
  /** -1 when unknown. */
  readonly cpuPercent: number;
  readonly memoryRssBytes: bigint;
  readonly memoryLimitBytes: bigint;
}

/** One record of the roster, which alone changes it; readers take what they need at once. */
export interface RosterHunter {
  readonly id: string;
  hostname: string;
  interfaces: readonly string[];
  version: string;
  capabilities: Capabilities | undefined;
  /** `address:port` of the connection that it was first seen on at that address. */
  remoteAddress: string;
  registered: boolean;
  /** False from the end of its last RPC until it registers, beats or sends packets again. */
  connected: boolean;
  /** What it said of itself last, or STATUS_ERROR while it is silent. */
  status: HunterStatus;
  silent: boolean;
  reported: HunterStatus;
  /** Monotonic milliseconds. */
  connectedAtMs: number;
  lastSeenMs: number;
  /** Milliseconds since 1970, by our clock. */
  lastSeenWallMs: number;
  /** Undefined before its first heartbeat. */
  counters: HunterCounters | undefined;
  /** Running totals of what this node received. */
  packets: number;
  bytes: number;
  /** Open packet streams that carry it, by shard. */
  readonly streams: number[];
  /** Other open RPCs of it. */
  holds: number;
}

export interface Registration {
  readonly id: string;
  readonly hostname: string;
  readonly interfaces: readonly string[];
  readonly version: string;
  readonly capabilities?: Capabilities | undefined;
  readonly remoteAddress: string;
}

/** What a shard received of a hunter since its last report. */
export interface HunterTraffic {
  readonly id: string;
  readonly packets: number;
  readonly bytes: number;
  readonly batches: number;
  readonly peer: string;
  /** Open streams of that shard that carry it. */
  readonly streams: number;
  /** Streams that carried it and ended meanwhile. */
  readonly streamsEnded: number;
}

/** What happened to a hunter. The record is as it is after the change. */
export type RosterEvent =
  /** Registered, also again, or seen for the first time, or back after it was gone. */
  | { readonly kind: "connected"; readonly hunter: RosterHunter }
  /** Its last RPC has ended; or its record was removed. */
  | { readonly kind: "disconnected"; readonly hunter: RosterHunter; readonly reason: string }
  | {
      readonly kind: "status-changed";
      readonly hunter: RosterHunter;
      readonly oldStatus: HunterStatus;
      readonly newStatus: HunterStatus;
    }
  /** Its counters are new; at most one in `limits.hunterChangedMs`. */
  | { readonly kind: "changed"; readonly hunter: RosterHunter };

export type RosterListener = (event: RosterEvent) => void;

export function newHunter(id: string): RosterHunter {
  return {
    id,
    hostname: "",
    interfaces: [],
    version: "",
    capabilities: undefined,
    remoteAddress: "",
    registered: false,
    connected: false,
    status: HunterStatus.STATUS_HEALTHY,
    silent: false,
    reported: HunterStatus.STATUS_HEALTHY,
    connectedAtMs: 0,
    lastSeenMs: 0,
    lastSeenWallMs: 0,
    counters: undefined,
    packets: 0,
    bytes: 0,
    streams: [],
    holds: 0,
  };
}

/** RPCs of it that are open now. */
export function openRpcs({ streams, holds }: RosterHunter): number {
  // A shard that never carried it leaves a hole.
  return streams.reduce((sum, count) => sum + count, holds);
}
