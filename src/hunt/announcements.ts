/** The registration and heartbeats of a hunter. */
import { hostname } from "node:os";
import { basename } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { Clock } from "../base/clock.ts";
import type { HuntConfig } from "../config/hunt-config.ts";
import { limits } from "../config/limits.ts";
import {
  type HunterHeartbeat,
  HunterHeartbeatSchema,
  type HunterRegistration,
  HunterRegistrationSchema,
  HunterStatus,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { Outbox } from "./outbox.ts";
import type { Tally } from "./tally.ts";

/** Share of the buffer above which the processor is warned. */
const warningAbove = 0.8;
const cpuUnknown = -1;

/** How this hunter presents itself (docs/wire.md#hunters). It captures nothing: it has no filters. */
export function composeRegistration(
  config: HuntConfig,
  tally: Tally,
  version: string,
): HunterRegistration {
  const known = [...tally.interfaces];
  const named = config.interfaceName || (config.read === "-" ? "stdin" : basename(config.read));
  return create(HunterRegistrationSchema, {
    hunterId: config.hunterId,
    hostname: hostname(),
    interfaces: known.length > 0 ? known : [named],
    version,
    capabilities: { filterTypes: [], maxBufferSize: BigInt(limits.huntUnackedBytesMax) },
  });
}

export function composeHeartbeat(
  config: HuntConfig,
  tally: Tally,
  outbox: Outbox,
  clock: Clock,
  isStopping: boolean,
): HunterHeartbeat {
  const isNearlyFull = outbox.bytes > limits.huntUnackedBytesMax * warningAbove;
  const calm = isNearlyFull ? HunterStatus.STATUS_WARNING : HunterStatus.STATUS_HEALTHY;
  const captured = BigInt(tally.packetsRead);
  return create(HunterHeartbeatSchema, {
    hunterId: config.hunterId,
    timestampNs: BigInt(Math.floor(clock.wallMs())) * 1_000_000n,
    status: isStopping ? HunterStatus.STATUS_STOPPING : calm,
    stats: {
      packetsCaptured: captured,
      packetsMatched: captured,
      packetsForwarded: BigInt(tally.packetsAcked),
      packetsDropped: BigInt(tally.packetsSetAside),
      bufferBytes: BigInt(outbox.bytes),
      cpuPercent: cpuUnknown,
      memoryRssBytes: BigInt(process.memoryUsage.rss()),
    },
  });
}
