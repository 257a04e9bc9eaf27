/** `lippycat.management.ManagementService` without its filters, which are `filter-methods.ts`. */
import type { ServiceImpl } from "@connectrpc/connect";
import type { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createRegistration, type RegistrationOptions } from "./registration.ts";
import { createStatus } from "./status.ts";
import { createTopology } from "./topology.ts";

export function createManagement(
  options: RegistrationOptions,
): Partial<ServiceImpl<typeof ManagementService>> {
  const { node, claims } = options;
  return {
    ...createRegistration(options),
    ...createHeartbeat(node, claims),
    ...createStatus(node),
    ...createTopology(node),
  };
}
