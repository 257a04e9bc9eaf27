import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { createHealth } from "../../../src/control/health.ts";
import { Serving } from "../../../src/control/serving.ts";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

const {
  SERVING: serving,
  NOT_SERVING: notServing,
  SERVICE_UNKNOWN: unknown,
} = HealthCheckResponse_ServingStatus;

class Node {
  readonly serving = new Serving();
  readonly client: TunnelClient;

  constructor() {
    const routes = new Map<string, Route>();
    addRoutes(routes, Health, createHealth(this.serving, ["a.B", "grpc.health.v1.Health"]));
    this.client = new TunnelClient(routes);
  }

  open(method: string, service: string): OpenCall {
    const call = this.client.open(`/grpc.health.v1.Health/${method}`);
    const request = create(HealthCheckRequestSchema, { service });
    this.client.send(call, toBinary(HealthCheckRequestSchema, request));
    this.client.post({ kind: "end", id: call.id });
    return call;
  }

  async check(service: string): Promise<OpenCall> {
    const call = this.open("Check", service);
    await until(() => call.status !== undefined);
    return call;
  }
}

function statuses(call: OpenCall): number[] {
  return call.messages.map((bytes) => fromBinary(HealthCheckResponseSchema, bytes).status);
}

describe("Check", () => {
  test.each(["", "a.B", "grpc.health.v1.Health"])("of %p tells the state now", async (name) => {
    const node = new Node();
    expect(statuses(await node.check(name))).toEqual([serving]);
    node.serving.set(false);
    expect(statuses(await node.check(name))).toEqual([notServing]);
    node.serving.set(true);
    expect(statuses(await node.check(name))).toEqual([serving]);
  });

  test("of what is not served is NOT_FOUND and names it, however long it is", async () => {
    const node = new Node();
    const { status } = await node.check("a.\nb");
    expect(status?.code).toBe(Code.NotFound);
    expect(status?.message).toContain(String.raw`"a.\nb"`);
    const long = await node.check("x".repeat(1_000_000));
    expect(long.status?.message.length).toBeLessThan(200);
  });
});

test("List tells the state of all", async () => {
  const node = new Node();
  const call = node.open("List", "");
  await until(() => call.status !== undefined);
  const answer = fromBinary(HealthListResponseSchema, call.messages[0] as Uint8Array);
  expect(Object.keys(answer.statuses).sort()).toEqual(["", "a.B", "grpc.health.v1.Health"]);
  expect(answer.statuses[""]?.status).toBe(serving);
});

describe("Watch", () => {
  test("tells the state now and then changes only, until the client cancels", async () => {
    const node = new Node();
    const call = node.open("Watch", "");
    await until(() => call.messages.length === 1);
    node.serving.set(true);
    node.serving.set(false);
    await until(() => call.messages.length === 2);
    node.serving.set(false);
    node.serving.set(true);
    await until(() => call.messages.length === 3);
    expect(statuses(call)).toEqual([serving, notServing, serving]);
    node.client.post({ kind: "cancel", id: call.id });
    await until(() => call.status !== undefined);
    expect(call.messages.length).toBe(3);
  });

  test("of what is not served says so once and stays open", async () => {
    const node = new Node();
    const call = node.open("Watch", "a.C");
    const other = node.open("Watch", "a.B");
    await until(() => call.messages.length === 1 && other.messages.length === 1);
    node.serving.set(false);
    await until(() => other.messages.length === 2);
    expect(statuses(call)).toEqual([unknown]);
    expect(call.status).toBeUndefined();
  });

  test("sends who reads nothing no more than the tunnel holds, and then the last state", async () => {
    const node = new Node();
    const call = node.open("Watch", "");
    await until(() => call.messages.length === 1);
    for (let round = 0; round < 20; round++) {
      const before = call.messages.length;
      node.serving.set(round % 2 === 1);
      if (before < 16) await until(() => call.messages.length > before);
    }
    expect(call.messages.length).toBe(16);
    node.serving.set(false);
    node.client.post({ kind: "credit", id: call.id, count: 16 });
    await until(() => statuses(call).at(-1) === notServing);
    expect(call.messages.length).toBeLessThanOrEqual(18);
  });
});
