import { expect, test } from "bun:test";
import { systemClock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { createFilterMethods } from "../../../src/control/filter-methods.ts";
import { Filters } from "../../../src/filters/filters.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import {
  FilterRequestSchema,
  ManagementService,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { ControlNode, managementPath } from "./control-node.ts";

function nodeWithFilters(): ControlNode {
  const node = new ControlNode();
  const events = createEvents(createLog({ level: "error", format: "text", write: () => {} }));
  const filters = new Filters({
    path: "",
    events,
    clock: systemClock,
    capabilitiesOf: (hunterId) => node.roster.capabilitiesOf(hunterId),
    evict: () => {},
  });
  const routes = new Map<string, Route>();
  const { roster, claims } = node;
  const methods = createFilterMethods({ processorId: "node-1", filters, claims, roster, events });
  addRoutes(routes, ManagementService, methods);
  for (const [path, route] of routes) node.routes.set(path, route);
  return node;
}

const path = `${managementPath}/SubscribeFilters`;

test("a hunter that only listens for filters is not forgotten, and its end is told", async () => {
  const node = nodeWithFilters();
  await node.register({ hunterId: "quiet" });
  const call = node.open(path, FilterRequestSchema, { hunterId: "quiet" });
  await until(() => node.roster.find("quiet")?.holds === 1);
  node.nowMs += limits.hunterForgetMs + limits.hunterPurgeMs;
  node.roster.sweep();
  expect(node.roster.find("quiet")).toMatchObject({ connected: true, silent: true });
  node.cancel(call);
  await until(() => node.roster.find("quiet")?.connected === false);
  node.nowMs += limits.hunterPurgeMs;
  node.roster.sweep();
  expect(node.roster.size).toBe(0);
});

test("who looks at filters under a name that nobody registered is no hunter", async () => {
  const node = nodeWithFilters();
  const call = node.open(path, FilterRequestSchema, { hunterId: "curious" });
  node.cancel(call);
  await until(() => call.status !== undefined);
  expect(node.roster.size).toBe(0);
});
