/** Which role each RPC needs: docs/wire.md#roles, and our own services after its pattern. */
import type { Role } from "../config/access-config.ts";

const data = "/lippycat.data.DataService";
const management = "/lippycat.management.ManagementService";
const monitoring = "/lippycat.monitoring.MonitoringService";

/** `anyone`: it says nothing but whether the node works, to load balancers that have no key. */
export type MethodRole = Role | "anyone";

/** By `/package.Service/Method`. */
export const methodRoles: ReadonlyMap<string, MethodRole> = new Map<string, MethodRole>([
  [`${data}/StreamPackets`, "hunter"],
  [`${management}/RegisterHunter`, "hunter"],
  [`${management}/RegisterProcessor`, "hunter"],
  [`${management}/Heartbeat`, "hunter"],
  [`${management}/GetFilters`, "hunter"],
  [`${management}/SubscribeFilters`, "hunter"],

  [`${data}/SubscribePackets`, "subscriber"],
  [`${data}/SubscribeCorrelatedCalls`, "subscriber"],
  [`${management}/GetHunterStatus`, "subscriber"],
  [`${management}/ListAvailableHunters`, "subscriber"],
  [`${management}/GetTopology`, "subscriber"],
  [`${management}/SubscribeTopology`, "subscriber"],
  [`${management}/GetFiltersFromProcessor`, "subscriber"],
  [`${management}/RequestAuthToken`, "subscriber"],
  [`${monitoring}/SubscribePackets`, "subscriber"],
  [`${monitoring}/GetHunterStatus`, "subscriber"],
  [`${monitoring}/GetNodeStatus`, "subscriber"],
  ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "subscriber"],
  ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "subscriber"],

  [`${management}/UpdateFilter`, "admin"],
  [`${management}/DeleteFilter`, "admin"],
  [`${management}/UpdateFilterOnProcessor`, "admin"],
  [`${management}/DeleteFilterOnProcessor`, "admin"],

  ["/grpc.health.v1.Health/Check", "anyone"],
  ["/grpc.health.v1.Health/List", "anyone"],
  ["/grpc.health.v1.Health/Watch", "anyone"],
]);

/** What is not in the table is for admins. */
export function roleNeededFor(path: string): MethodRole {
  return methodRoles.get(path) ?? "admin";
}

/** An admin may do everything; beside that no role contains another. */
export function satisfies(held: readonly Role[], needed: Role): boolean {
  return held.includes(needed) || held.includes("admin");
}

/** The RPCs that change something, or that are asked for in order to: each is audited. */
export const auditedMethods: ReadonlySet<string> = new Set([
  `${management}/UpdateFilter`,
  `${management}/DeleteFilter`,
  `${management}/UpdateFilterOnProcessor`,
  `${management}/DeleteFilterOnProcessor`,
  `${management}/RequestAuthToken`,
]);
