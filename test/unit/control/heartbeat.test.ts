import { describe, expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { limits } from "../../../src/config/limits.ts";
import { recorderState } from "../../../src/pipeline/board.ts";
import {
  HunterHeartbeatSchema,
  HunterStatus,
  ProcessorHeartbeatSchema,
  ProcessorStatus,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { ControlNode, decoded, managementPath } from "./control-node.ts";
import type { OpenCall } from "./tunnel-client.ts";

const path = `${managementPath}/Heartbeat`;

function beat(
  node: ControlNode,
  call: OpenCall,
  fields: MessageInitShape<typeof HunterHeartbeatSchema>,
): void {
  node.client.send(call, toBinary(HunterHeartbeatSchema, create(HunterHeartbeatSchema, fields)));
}

describe("heartbeats", () => {
  test("are echoed with the node's health and the number of hunters", async () => {
    const node = new ControlNode();
    const call = node.client.open(path, "10.3.3.3:1");
    const status = HunterStatus.STATUS_WARNING;
    beat(node, call, { hunterId: "h", timestampNs: 123_456_789_012n, status });
    await until(() => call.messages.length === 1);
    node.recorder = recorderState.stalled;
    beat(node, call, { hunterId: "h", timestampNs: -5n });
    await until(() => call.messages.length === 2);
    const answers = decoded(call, ProcessorHeartbeatSchema);
    expect(answers[0]).toMatchObject({
      timestampNs: 123_456_789_012n,
      status: ProcessorStatus.PROCESSOR_HEALTHY,
      huntersConnected: 1,
      processorId: "node-1",
    });
    expect(answers[1]?.timestampNs).toBe(-5n);
    expect(answers[1]?.status).toBe(ProcessorStatus.PROCESSOR_ERROR);
    expect(node.roster.find("h")?.remoteAddress).toBe("10.3.3.3:1");
  });

  test("leave what the hunter says of itself, in numbers that every client can show", async () => {
    const node = new ControlNode();
    const call = node.client.open(path);
    const stats = { packetsCaptured: 2n ** 64n - 1n, activeFilters: 3, cpuPercent: Number.NaN };
    beat(node, call, { hunterId: "h", status: 99 as HunterStatus, stats });
    await until(() => call.messages.length === 1);
    expect(node.roster.find("h")).toMatchObject({
      status: HunterStatus.STATUS_WARNING,
      counters: { packetsCaptured: 2n ** 64n - 1n, activeFilters: 3, cpuPercent: -1 },
    });
    expect(node.roster.find("h")?.counters).not.toHaveProperty("$unknown");
  });

  test("without a usable id end their stream, and only that", async () => {
    const node = new ControlNode();
    const good = node.client.open(path);
    for (const hunterId of ["", "é".repeat(limits.hunterIdBytesMax / 2 + 1), "a\u0000"]) {
      const bad = node.client.open(path);
      beat(node, bad, { hunterId });
      await until(() => bad.status !== undefined);
      expect(bad.status?.code).toBe(Code.InvalidArgument);
    }
    beat(node, good, { hunterId: "h" });
    await until(() => good.messages.length === 1);
    expect(node.roster.size).toBe(1);
  });

  test.each(["cancel", "end"] as const)("keep a hunter connected until their %s", async (kind) => {
    const node = new ControlNode();
    const call = node.client.open(path);
    beat(node, call, { hunterId: "h" });
    beat(node, call, { hunterId: "h" });
    await until(() => call.messages.length === 2);
    expect(node.roster.find("h")).toMatchObject({ connected: true, holds: 1 });
    node.client.post({ kind, id: call.id });
    await until(() => node.roster.find("h")?.connected === false);
    expect(node.roster.find("h")?.holds).toBe(0);
  });

  test("of many hunters on one stream keep only so many of them", async () => {
    const node = new ControlNode();
    const call = node.client.open(path);
    const count = limits.heartbeatHuntersMax + 3;
    for (let number = 0; number < count; number++) {
      beat(node, call, { hunterId: `h${number}` });
      await until(() => call.messages.length === number + 1);
      node.client.post({ kind: "credit", id: call.id, count: 1 });
    }
    const held = [...node.roster.hunters()].filter(({ holds }) => holds > 0);
    expect(held.length).toBe(limits.heartbeatHuntersMax);
  });
});
