import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import type { SubscriberReport } from "../../../src/fanout/subscriber-report.ts";
import { recorderState } from "../../../src/pipeline/board.ts";
import { HunterStatus } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import {
  GetHunterStatusRequestSchema,
  GetNodeStatusRequestSchema,
  HunterStatusUpdateSchema,
  NodeStatusSchema,
  RecorderState,
} from "../../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { ControlNode, decoded, monitoringPath } from "./control-node.ts";
import type { OpenCall } from "./tunnel-client.ts";

const names = ["unspecified", "snapshot", "connected", "changed", "disconnected"];

function subscribe(node: ControlNode): OpenCall {
  return node.open(`${monitoringPath}/GetHunterStatus`, GetHunterStatusRequestSchema, {});
}

/** `snapshot a b`, `changed a`, …. */
function told(call: OpenCall): string[] {
  return decoded(call, HunterStatusUpdateSchema).map(({ updateType, hunters, reason }) => {
    const ids = hunters.map(({ hunterId }) => ` ${hunterId}`);
    return `${names[updateType]}${ids.join("")}${reason === "" ? "" : `: ${reason}`}`;
  });
}

function statusOf(node: ControlNode) {
  const schemas = [GetNodeStatusRequestSchema, NodeStatusSchema] as const;
  return node.answer(`${monitoringPath}/GetNodeStatus`, schemas, {});
}

describe("MonitoringService.GetHunterStatus", () => {
  test("begins with everybody, then tells each change, and stays open", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "a" });
    const call = subscribe(node);
    await until(() => call.messages.length === 1);
    node.received("b");
    await until(() => call.messages.length === 2);
    node.roster.heartbeat("a", HunterStatus.STATUS_WARNING, "");
    await until(() => call.messages.length === 3);
    node.received("b");
    node.received("b");
    node.roster.tellChanges();
    await until(() => call.messages.length === 4);
    node.received("b", { batches: 0, streams: 0, streamsEnded: 1 });
    await until(() => call.messages.length === 5);
    await node.register({ hunterId: "a" });
    await until(() => call.messages.length === 6);
    expect(told(call)).toEqual([
      "snapshot a",
      "connected b",
      "changed a",
      "changed b",
      "disconnected b: its last stream ended",
      "connected a",
    ]);
    const updates = decoded(call, HunterStatusUpdateSchema);
    expect(updates[2]?.hunters[0]?.status).toBe(HunterStatus.STATUS_WARNING);
    expect(updates[3]?.hunters[0]?.stats?.packetsCaptured).toBe(21n);
    expect(updates[3]).toMatchObject({
      processorId: "node-1",
      timestampNs: 1_700_000_050_000_000_000n,
    });
    expect(call.status).toBeUndefined();
  });

  test("begins with an empty snapshot when there is nobody", async () => {
    const call = subscribe(new ControlNode());
    await until(() => call.messages.length === 1);
    expect(told(call)).toEqual(["snapshot"]);
  });

  test("tells a slow client of each hunter once, and as it is then", async () => {
    const node = new ControlNode();
    const call = subscribe(node);
    await until(() => call.messages.length === 1);
    for (let round = 0; round < 100; round++) {
      node.received("a");
      node.received("b");
      node.roster.tellChanges();
    }
    node.received("b", { batches: 0, streams: 0, streamsEnded: 1 });
    await until(() => call.messages.length === 3);
    expect(told(call).slice(1)).toEqual(["connected a", "disconnected b: its last stream ended"]);
    const a = decoded(call, HunterStatusUpdateSchema)[1]?.hunters[0];
    expect(a?.stats?.packetsCaptured).toBe(700n);
  });

  test("sends everybody again to a client that missed something", async () => {
    const node = new ControlNode();
    const call = subscribe(node);
    await until(() => call.messages.length === 1);
    const count = limits.monitoringUpdatesMax + 1;
    for (let number = 0; number < count; number++) node.received(`h${number}`);
    await until(() => call.messages.length === 2);
    const [, again] = decoded(call, HunterStatusUpdateSchema);
    expect(told(call)[1]).toStartWith("snapshot h0 h1 ");
    expect(again?.hunters.length).toBe(count);
    node.received("h1", { batches: 0, streams: 0, streamsEnded: 1 });
    await until(() => call.messages.length === 3);
    expect(told(call)[2]).toStartWith("disconnected h1");
  });

  test("that is cancelled leaves no listener behind", async () => {
    const node = new ControlNode();
    const call = subscribe(node);
    await until(() => call.messages.length === 1);
    node.cancel(call);
    await until(() => call.status !== undefined);
    node.received("a");
    expect(call.messages.length).toBe(1);
  });
});

const view: SubscriberReport = {
  number: 1,
  clientId: "ui",
  peer: "10.5.5.5:5",
  hunters: undefined,
  hunterCount: 0,
  expression: "udp",
  batchesSent: 10,
  batchesDropped: 2,
  batchesQueued: 1,
  ended: false,
};

describe("GetNodeStatus", () => {
  test("tells what the node is doing", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "a" });
    node.recorder = recorderState.stalled;
    const status = await statusOf(node);
    expect(status).toMatchObject({
      processorId: "node-1",
      version: "1.2.3",
      uptimeSec: 30n,
      processorStats: { totalHunters: 1 },
      packets: {
        received: 9n,
        accepted: 8n,
        rejected: 1n,
        acknowledged: 4n,
        written: 5n,
        inFlight: 2n,
        held: 1n,
        abandoned: 0n,
        deleted: 0n,
      },
      recorderState: RecorderState.STALLED,
      subscribers: [],
      totalSubscribers: 0,
      totalBatchesDropped: 0n,
      certificateExpiresSec: 1_700_000_000n,
      events: { "door-connection-closed": 3n },
    });
  });

  test("names the open live views of all shards, and counts what ended ones lost", async () => {
    const node = new ControlNode();
    const { subscribers } = node;
    subscribers.report(0, [view, { ...view, number: 2, clientId: "bad \ud800", hunters: [] }]);
    subscribers.report(1, [{ ...view, hunters: ["h1", "h2"], hunterCount: 2, batchesDropped: 5 }]);
    subscribers.report(0, [{ ...view, batchesSent: 20, batchesDropped: 3 }]);
    const status = await statusOf(node);
    expect(status).toMatchObject({ totalSubscribers: 3, totalBatchesDropped: 10n });
    expect(status.subscribers).toMatchObject([
      {
        clientId: "ui",
        peer: "10.5.5.5:5",
        hunterIds: [],
        hasHunterFilter: false,
        bpfFilter: "udp",
        batchesSent: 20n,
        batchesDropped: 3n,
        batchesQueued: 1n,
        hunterCount: 0,
      },
      { clientId: "bad \ufffd", hasHunterFilter: true, hunterCount: 0 },
      { hunterIds: ["h1", "h2"], hasHunterFilter: true, hunterCount: 2, batchesDropped: 5n },
    ]);
    subscribers.report(0, [{ ...view, batchesDropped: 4, ended: true }]);
    subscribers.shardLost(1);
    const later = await statusOf(node);
    expect(later).toMatchObject({ totalSubscribers: 1, totalBatchesDropped: 11n });
  });

  test("is bounded in views and in what it says of each", async () => {
    const node = new ControlNode();
    const { subscriberHuntersShownMax } = limits;
    const hunters = Array.from({ length: subscriberHuntersShownMax }, () => "x".repeat(1000));
    for (let number = 0; number < limits.subscriberReportsMax + 10; number++) {
      node.subscribers.report(0, [{ ...view, number, hunters, hunterCount: 1000 }]);
    }
    const status = await statusOf(node);
    expect(status.totalSubscribers).toBe(limits.subscriberReportsMax);
    expect(status.subscribers.length).toBeGreaterThan(100);
    expect(status.subscribers.length).toBeLessThan(300);
    expect(status.subscribers[0]?.hunterIds.length).toBe(subscriberHuntersShownMax);
    expect(status.subscribers[0]?.hunterCount).toBe(1000);
  });
});
