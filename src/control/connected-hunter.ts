/** Records of the roster as the messages of the services. Existing clients read every nested message
 * without asking whether it is there, so all of them are (docs/wire.md#messages). */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { limits } from "../config/limits.ts";
import type { RosterHunter } from "../roster/hunter.ts";
import type { Roster } from "../roster/roster.ts";
import type {
  AvailableHunterSchema,
  ConnectedHunterSchema,
  HunterCapabilitiesSchema,
  HunterStatsSchema,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { nanoseconds } from "./node-view.ts";

/** An encoded hunter without its texts: numbers of 11 bytes at most, tags and lengths. */
const numbersBytesMax = 224;

/** @param nowMs monotonic milliseconds */
export function connectedHunter(
  hunter: RosterHunter,
  nowMs: number,
): MessageInitShape<typeof ConnectedHunterSchema> {
  return {
    ...identity(hunter, nowMs),
    lastHeartbeatNs: nanoseconds(hunter.lastSeenWallMs),
    stats: statsOf(hunter),
  };
}

export function availableHunter(
  hunter: RosterHunter,
  nowMs: number,
): MessageInitShape<typeof AvailableHunterSchema> {
  return identity(hunter, nowMs);
}

/** What both messages say alike. */
function identity(hunter: RosterHunter, nowMs: number) {
  const connectedSec = Math.max(0, Math.floor((nowMs - hunter.connectedAtMs) / 1000));
  return {
    hunterId: hunter.id,
    hostname: hunter.hostname,
    interfaces: [...hunter.interfaces],
    status: hunter.status,
    remoteAddr: hunter.remoteAddress,
    connectedDurationSec: BigInt(connectedSec),
    capabilities: capabilitiesMessage(hunter),
  };
}

type CapabilitiesInit = MessageInitShape<typeof HunterCapabilitiesSchema>;

function capabilitiesMessage({ capabilities }: RosterHunter): CapabilitiesInit {
  if (capabilities === undefined) return {};
  return { ...capabilities, filterTypes: [...capabilities.filterTypes] };
}

/** Of a hunter that sends no heartbeats: what this node received of it. */
function statsOf({ counters, packets }: RosterHunter): MessageInitShape<typeof HunterStatsSchema> {
  if (counters !== undefined) return { ...counters };
  return { packetsCaptured: BigInt(packets), packetsForwarded: BigInt(packets), cpuPercent: -1 };
}

/**
 * Every hunter as `message` makes it, registered ones first, as far as one answer may be long.
 */
export function listHunters<T>(roster: Roster, message: (hunter: RosterHunter) => T): T[] {
  const list: T[] = [];
  let bytes = 0;
  for (const registered of [true, false]) {
    for (const hunter of roster.hunters()) {
      if (hunter.registered !== registered) continue;
      bytes += encodedBytesMax(hunter);
      if (bytes > limits.statusBytesMax) return list;
      list.push(message(hunter));
    }
  }
  return list;
}

function encodedBytesMax(hunter: RosterHunter): number {
  const { id, hostname, remoteAddress, interfaces, capabilities } = hunter;
  let bytes = numbersBytesMax;
  for (const text of [id, hostname, remoteAddress]) bytes += Buffer.byteLength(text);
  for (const text of interfaces) bytes += Buffer.byteLength(text) + 5;
  for (const text of capabilities?.filterTypes ?? []) bytes += Buffer.byteLength(text) + 5;
  return bytes;
}
