import { describe, expect, test } from "bun:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { systemClock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { createManagement } from "../../../src/control/management.ts";
import { Roster } from "../../../src/roster/roster.ts";
import {
  HunterHeartbeatSchema,
  HunterRegistrationSchema,
  HunterStatus,
  ManagementService,
  ProcessorHeartbeatSchema,
  ProcessorStatus,
  RegistrationResponseSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

const registerPath = "/lippycat.management.ManagementService/RegisterHunter";
const heartbeatPath = "/lippycat.management.ManagementService/Heartbeat";

class Node {
  readonly roster: Roster;
  readonly client: TunnelClient;
  troubled = false;

  constructor(huntersMax = 3) {
    this.roster = new Roster(huntersMax, systemClock);
    const routes = new Map<string, Route>();
    const management = createManagement({
      processorId: "node-1",
      roster: this.roster,
      huntersMax,
      troubled: () => this.troubled,
    });
    addRoutes(routes, ManagementService, management);
    this.client = new TunnelClient(routes);
  }

  async register(fields: MessageInitShape<typeof HunterRegistrationSchema>): Promise<OpenCall> {
    const call = this.client.open(registerPath, "10.2.2.2:99");
    const bytes = toBinary(HunterRegistrationSchema, create(HunterRegistrationSchema, fields));
    this.client.send(call, bytes);
    await until(() => call.status !== undefined);
    return call;
  }

  beat(call: OpenCall, fields: MessageInitShape<typeof HunterHeartbeatSchema>): void {
    const bytes = toBinary(HunterHeartbeatSchema, create(HunterHeartbeatSchema, fields));
    this.client.send(call, bytes);
  }
}

describe("registration", () => {
  test("answers what the existing hunters expect, and notes who it was", async () => {
    const node = new Node();
    const call = await node.register({
      hunterId: "h1",
      hostname: "edge",
      interfaces: ["eth0", "eth1"],
      version: "9",
    });
    expect(call.status).toEqual({ code: 0, message: "" });
    const answer = fromBinary(RegistrationResponseSchema, call.messages[0] as Uint8Array);
    expect(answer).toMatchObject({ accepted: true, error: "", assignedId: "h1", filters: [] });
    expect(answer.config).toMatchObject({
      batchSize: 64,
      batchTimeoutMs: 100,
      reconnectIntervalSec: 5,
      maxReconnectAttempts: 0,
      processorId: "node-1",
    });
    expect([...node.roster.hunters()][0]).toMatchObject({
      id: "h1",
      hostname: "edge",
      interfaces: ["eth0", "eth1"],
      remoteAddress: "10.2.2.2:99",
      registered: true,
    });
  });

  test("beyond the limit is RESOURCE_EXHAUSTED and names it; who is known comes again", async () => {
    const node = new Node(2);
    for (const hunterId of ["a", "b"]) {
      expect((await node.register({ hunterId })).status?.code).toBe(0);
    }
    const refused = await node.register({ hunterId: "c" });
    expect(refused.status?.code).toBe(Code.ResourceExhausted);
    expect(refused.status?.message).toContain("at most 2 hunters (--max-hunters)");
    expect((await node.register({ hunterId: "a" })).status?.code).toBe(0);
    const nobody = new Node(0);
    expect((await nobody.register({ hunterId: "a" })).status?.code).toBe(Code.ResourceExhausted);
  });

  test("without a usable id, or longer than anybody needs, is INVALID_ARGUMENT", async () => {
    const node = new Node();
    const bad: MessageInitShape<typeof HunterRegistrationSchema>[] = [
      { hunterId: "" },
      { hunterId: "x".repeat(limits.hunterIdBytesMax + 1) },
      { hunterId: "a", hostname: "x".repeat(limits.registrationBytesMax) },
      { hunterId: "a", interfaces: Array.from({ length: 10_000 }, () => "x".repeat(100)) },
      { hunterId: "a", interfaces: Array.from({ length: limits.registrationBytesMax }, () => "") },
    ];
    for (const fields of bad) {
      const { status } = await node.register(fields);
      expect(status?.code).toBe(Code.InvalidArgument);
    }
    expect(node.roster.size).toBe(0);
    const most = Array.from({ length: 2000 }, (_, index) => `interface${index}`);
    expect((await node.register({ hunterId: "a", interfaces: most })).status?.code).toBe(0);
  });
});

describe("heartbeats", () => {
  test("are echoed with the node's health and the number of hunters", async () => {
    const node = new Node();
    const call = node.client.open(heartbeatPath, "10.3.3.3:1");
    const status = HunterStatus.STATUS_WARNING;
    node.beat(call, { hunterId: "h", timestampNs: 123_456_789_012n, status });
    await until(() => call.messages.length === 1);
    node.troubled = true;
    node.beat(call, { hunterId: "h", timestampNs: -5n });
    await until(() => call.messages.length === 2);
    const answers = call.messages.map((bytes) => fromBinary(ProcessorHeartbeatSchema, bytes));
    expect(answers[0]).toMatchObject({
      timestampNs: 123_456_789_012n,
      status: ProcessorStatus.PROCESSOR_HEALTHY,
      huntersConnected: 1,
      processorId: "node-1",
    });
    expect(answers[1]?.timestampNs).toBe(-5n);
    expect(answers[1]?.status).toBe(ProcessorStatus.PROCESSOR_ERROR);
    expect([...node.roster.hunters()][0]?.remoteAddress).toBe("10.3.3.3:1");
  });

  test("without a usable id end their stream, and only that", async () => {
    const node = new Node();
    const good = node.client.open(heartbeatPath);
    for (const hunterId of ["", "é".repeat(limits.hunterIdBytesMax / 2 + 1)]) {
      const bad = node.client.open(heartbeatPath);
      node.beat(bad, { hunterId });
      await until(() => bad.status !== undefined);
      expect(bad.status?.code).toBe(Code.InvalidArgument);
    }
    node.beat(good, { hunterId: "h" });
    await until(() => good.messages.length === 1);
    expect(node.roster.size).toBe(1);
  });
});
