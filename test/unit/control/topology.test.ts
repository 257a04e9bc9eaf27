import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import {
  HunterStatus,
  NodeType,
  ProcessorStatus,
  TopologyRequestSchema,
  TopologyResponseSchema,
  TopologySubscribeRequestSchema,
  type TopologyUpdate,
  TopologyUpdateSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { ControlNode, decoded, managementPath } from "./control-node.ts";
import type { OpenCall } from "./tunnel-client.ts";

/** A subscription that is served: calls are opened one after the other. */
async function subscribe(node: ControlNode, clientId = ""): Promise<OpenCall> {
  const path = `${managementPath}/SubscribeTopology`;
  const call = node.open(path, TopologySubscribeRequestSchema, { clientId });
  await topologyOf(node);
  return call;
}

async function topologyOf(node: ControlNode) {
  const schemas = [TopologyRequestSchema, TopologyResponseSchema] as const;
  return (await node.answer(`${managementPath}/GetTopology`, schemas, {})).processor;
}

/** The kinds and hunters of updates, each of which must have its nested message. */
function told(call: OpenCall): string[] {
  return decoded(call, TopologyUpdateSchema).map(({ event }: TopologyUpdate) => {
    switch (event.case) {
      case "hunterConnected":
        return `+ ${event.value.hunter?.hunterId} ${event.value.hunter?.stats?.cpuPercent}`;
      case "hunterDisconnected":
        return `- ${event.value.hunterId}: ${event.value.reason}`;
      case "hunterStatusChanged":
        return `${event.value.hunterId}: ${event.value.oldStatus} to ${event.value.newStatus}`;
      default:
        throw new Error(`unexpected: ${event.case}`);
    }
  });
}

test("GetTopology is this node without an address, and its hunters", async () => {
  const node = new ControlNode();
  await node.register({ hunterId: "a" });
  node.received("b");
  const topology = await topologyOf(node);
  expect(topology).toMatchObject({
    address: "",
    processorId: "node-1",
    status: ProcessorStatus.PROCESSOR_HEALTHY,
    upstreamProcessor: "",
    downstreamProcessors: [],
    hierarchyDepth: 0,
    reachable: true,
    unreachableReason: "",
    nodeType: NodeType.PROCESSOR,
  });
  expect(topology?.hunters.map(({ hunterId }) => hunterId)).toEqual(["a", "b"]);
  for (const { stats, capabilities } of topology?.hunters ?? []) {
    expect(stats).toBeDefined();
    expect(capabilities).toBeDefined();
  }
});

describe("SubscribeTopology", () => {
  test("brings no snapshot, then what happens to hunters, and stays open", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "before" });
    const call = await subscribe(node);
    await node.register({ hunterId: "a" });
    node.roster.heartbeat("a", HunterStatus.STATUS_WARNING, "");
    node.received("a");
    node.received("a", { batches: 0, streams: 0, streamsEnded: 1 });
    node.roster.tellChanges();
    await until(() => call.messages.length === 3);
    expect(told(call)).toEqual(["+ a -1", "a: 0 to 1", "- a: its last stream ended"]);
    for (const update of decoded(call, TopologyUpdateSchema)) {
      expect(update).toMatchObject({
        processorId: "node-1",
        timestampNs: 1_700_000_050_000_000_000n,
      });
    }
    expect(call.status).toBeUndefined();
  });

  test("tells of silence and of who is forgotten", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "a" });
    const call = await subscribe(node);
    node.nowMs += limits.hunterForgetMs + limits.hunterPurgeMs;
    node.roster.sweep();
    await until(() => call.messages.length === 2);
    expect(told(call)).toEqual(["a: 0 to 2", "- a: silent for 420 s"]);
  });

  test("has subscriptions of their own, whatever their clients call themselves", async () => {
    const node = new ControlNode();
    const first = await subscribe(node, "processor-upstream");
    const second = await subscribe(node, "processor-upstream");
    await node.register({ hunterId: "a" });
    await until(() => first.messages.length === 1 && second.messages.length === 1);
    node.cancel(first);
    await until(() => first.status !== undefined);
    await node.register({ hunterId: "b" });
    await until(() => second.messages.length === 2);
    expect(first.messages.length).toBe(1);
    expect(second.status).toBeUndefined();
  });

  test("keeps so many updates for a client that reads nothing; it harms nobody else", async () => {
    const node = new ControlNode();
    const stalled = await subscribe(node);
    const unread = limits.tunnelUnreadMessagesMax;
    for (let number = 0; number < 500; number++) {
      node.received(`h${number}`);
      // Lets the stream send what the client has room for.
      if (number % 50 === 0) await topologyOf(node);
    }
    expect(stalled.messages.length).toBe(unread);
    node.client.post({ kind: "credit", id: stalled.id, count: 1000 });
    await until(() => stalled.messages.length > unread);
    await topologyOf(node);
    // One was on its way already.
    expect(stalled.messages.length).toBeLessThanOrEqual(unread + 1 + limits.topologyUpdatesMax);
    expect(stalled.messages.length).toBeGreaterThanOrEqual(limits.topologyUpdatesMax);
    node.received("later");
    const before = stalled.messages.length;
    await until(() => stalled.messages.length > before);
    expect(told(stalled).at(-1)).toStartWith("+ later");
  });
});
