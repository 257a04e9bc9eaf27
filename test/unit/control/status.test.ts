import { describe, expect, test } from "bun:test";
import { toBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { recorderState } from "../../../src/pipeline/board.ts";
import {
  HunterStatus,
  ListHuntersRequestSchema,
  ListHuntersResponseSchema,
  ProcessorStatus,
  StatusRequestSchema,
  type StatusResponse,
  StatusResponseSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { ControlNode, managementPath } from "./control-node.ts";

function statusOf(node: ControlNode, hunterId = ""): Promise<StatusResponse> {
  const schemas = [StatusRequestSchema, StatusResponseSchema] as const;
  return node.answer(`${managementPath}/GetHunterStatus`, schemas, { hunterId });
}

async function listOf(node: ControlNode) {
  const schemas = [ListHuntersRequestSchema, ListHuntersResponseSchema] as const;
  const answer = await node.answer(`${managementPath}/ListAvailableHunters`, schemas, {});
  return answer.hunters;
}

const stats = {
  packetsCaptured: 10n,
  packetsMatched: 9n,
  packetsForwarded: 8n,
  packetsDropped: 1n,
  bufferBytes: 77n,
  activeFilters: 5,
  cpuPercent: 12.5,
  memoryRssBytes: 1000n,
  memoryLimitBytes: 2000n,
};

describe("GetHunterStatus", () => {
  test("tells all that hunters said of themselves, and the times by our clock", async () => {
    const node = new ControlNode();
    const capabilities = { filterTypes: ["bpf"], maxBufferSize: 8n };
    await node.register({ hunterId: "a", hostname: "edge", interfaces: ["eth0"], capabilities });
    node.nowMs += 61_500;
    node.roster.heartbeat("a", HunterStatus.STATUS_WARNING, "", stats);
    node.nowMs += 1000;
    const { hunters } = await statusOf(node);
    expect(hunters.length).toBe(1);
    expect(hunters[0]).toMatchObject({
      hunterId: "a",
      hostname: "edge",
      remoteAddr: "10.2.2.2:99",
      status: HunterStatus.STATUS_WARNING,
      connectedDurationSec: 62n,
      lastHeartbeatNs: 1_700_000_111_500_000_000n,
      stats,
      filters: [],
      interfaces: ["eth0"],
      capabilities,
    });
  });

  test("has counters and capabilities of hunters that never told any", async () => {
    const node = new ControlNode();
    node.received("streams", { packets: 7 });
    await node.register({ hunterId: "silent" });
    const { hunters } = await statusOf(node);
    // Registered ones first.
    expect(hunters.map(({ hunterId }) => hunterId)).toEqual(["silent", "streams"]);
    expect(hunters[0]?.stats).toMatchObject({ packetsCaptured: 0n, cpuPercent: -1 });
    expect(hunters[1]).toMatchObject({
      remoteAddr: "10.0.0.3:1",
      stats: { packetsCaptured: 7n, packetsForwarded: 7n, packetsMatched: 0n, cpuPercent: -1 },
      capabilities: { filterTypes: [] },
    });
  });

  test("tells of one hunter when it is asked for one, and of none when nobody knows it", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "a" });
    await node.register({ hunterId: "b" });
    expect((await statusOf(node, "b")).hunters.map(({ hunterId }) => hunterId)).toEqual(["b"]);
    for (const unknown of ["c", "\u0000", "x".repeat(1024 * 1024)]) {
      const answer = await statusOf(node, unknown);
      expect(answer.hunters).toEqual([]);
      expect(answer.processorStats?.totalHunters).toBe(2);
    }
    expect(node.roster.size).toBe(2);
  });

  test("has totals of the moment, and is ERROR while the disk takes nothing", async () => {
    const node = new ControlNode();
    node.packets = 1234;
    await node.register({ hunterId: "a" });
    const activeFilters = 4_294_967_295;
    for (const id of ["b", "c"]) {
      node.roster.heartbeat(id, HunterStatus.STATUS_WARNING, "", { ...stats, activeFilters });
    }
    expect((await statusOf(node)).processorStats).toMatchObject({
      totalHunters: 3,
      healthyHunters: 1,
      warningHunters: 2,
      errorHunters: 0,
      totalPacketsReceived: 1234n,
      totalPacketsForwarded: 0n,
      // As much as the field holds.
      totalFilters: 4_294_967_295,
      processorId: "node-1",
      status: ProcessorStatus.PROCESSOR_HEALTHY,
      upstreamProcessor: "",
    });
    node.nowMs += limits.hunterStaleMs + 1;
    node.roster.sweep();
    node.recorder = recorderState.stalled;
    expect((await statusOf(node)).processorStats).toMatchObject({
      healthyHunters: 0,
      errorHunters: 3,
      status: ProcessorStatus.PROCESSOR_ERROR,
    });
  });

  test("stays below what clients take, however long the names are; the totals count all", async () => {
    const node = new ControlNode();
    await node.register({ hunterId: "real" });
    for (let number = 0; number < 8000; number++) {
      node.received(`${number} ${"ü".repeat(500)}`);
    }
    const answer = await statusOf(node);
    const bytes = toBinary(StatusResponseSchema, answer).length;
    expect(bytes).toBeLessThan(4 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(limits.statusBytesMax * 0.75);
    expect(answer.hunters[0]?.hunterId).toBe("real");
    expect(answer.processorStats?.totalHunters).toBe(8001);
  });
});

test("ListAvailableHunters has every hunter with what it can do", async () => {
  const node = new ControlNode();
  const capabilities = { filterTypes: ["bpf", "sip_user"] };
  await node.register({ hunterId: "a", hostname: "edge", interfaces: ["eth0"], capabilities });
  node.received("b");
  node.nowMs += 2000;
  expect(await listOf(node)).toMatchObject([
    {
      hunterId: "a",
      hostname: "edge",
      interfaces: ["eth0"],
      connectedDurationSec: 2n,
      capabilities,
    },
    { hunterId: "b", remoteAddr: "10.0.0.3:1", capabilities: { filterTypes: [] } },
  ]);
});
