/** RegisterHunter and RegisterProcessor (docs/wire.md#registerhunter, #processors-below). */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { counted } from "../base/counted.ts";
import type { Capabilities } from "../roster/hunter.ts";
import type {
  FilterSchema,
  HunterCapabilities,
  ManagementService,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { HunterClaims } from "./hunter-claims.ts";
import { checkId, cleanTexts } from "./input-checks.ts";
import type { NodeView } from "./node-view.ts";
import { peerKey } from "./peer.ts";

export interface RegistrationOptions {
  readonly node: NodeView;
  readonly claims: HunterClaims;
  readonly huntersMax: number;
  /** What a hunter that has just registered is to apply from its first packet on. */
  readonly filtersOf: (hunterId: string) => readonly MessageInitShape<typeof FilterSchema>[];
}

/** What the existing hunters are told; they ignore it (docs/wire.md#registerhunter). */
const hunterConfig = {
  batchSize: 64,
  batchTimeoutMs: 100,
  reconnectIntervalSec: 5,
  maxReconnectAttempts: 0,
} as const;

export function createRegistration(
  options: RegistrationOptions,
): Pick<ServiceImpl<typeof ManagementService>, "registerHunter" | "registerProcessor"> {
  const { node, claims, huntersMax, filtersOf } = options;
  const { processorId, roster } = node;
  return {
    registerHunter(request, context) {
      const { hunterId } = request;
      checkId("hunter_id", hunterId);
      claims.check(context, hunterId);
      const filterTypes = request.capabilities?.filterTypes ?? [];
      const [hostname = "", version = "", ...others] = cleanTexts(
        "hostname, version, interfaces and capabilities",
        [request.hostname, request.version, ...request.interfaces, ...filterTypes],
      );
      const interfaces = others.splice(0, request.interfaces.length);
      const registered = roster.register({
        id: hunterId,
        hostname,
        version,
        interfaces,
        capabilities: capabilitiesOf(request.capabilities, others),
        remoteAddress: context.values.get(peerKey),
      });
      if (!registered) {
        throw new ConnectError(
          `this node accepts at most ${counted(huntersMax, "hunter")} (--max-hunters)`,
          Code.ResourceExhausted,
        );
      }
      return {
        accepted: true,
        assignedId: hunterId,
        filters: [...filtersOf(hunterId)],
        config: { ...hunterConfig, processorId },
      };
    },

    registerProcessor(request) {
      checkId("processor_id", request.processorId);
      return {
        accepted: false,
        error: "this version of Weir accepts hunters only, and no nodes below it",
        upstreamProcessorId: processorId,
      };
    },
  };
}

/** The known fields alone: what a message holds beside them is the client's, at any length. */
function capabilitiesOf(
  said: HunterCapabilities | undefined,
  filterTypes: readonly string[],
): Capabilities | undefined {
  if (said === undefined) return undefined;
  const { maxBufferSize, gpuAcceleration, afXdp } = said;
  return { filterTypes, maxBufferSize, gpuAcceleration, afXdp };
}
