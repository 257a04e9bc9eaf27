import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { limits } from "../../../src/config/limits.ts";
import { createData } from "../../../src/control/data.ts";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { CallFeed } from "../../../src/sip-calls/call-feed.ts";
import {
  type CorrelatedCallUpdate,
  CorrelatedCallUpdateSchema,
  DataService,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { second, sighting } from "../../support/sip-sighting.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

const path = "/lippycat.data.DataService/SubscribeCorrelatedCalls";

class Node {
  nowMs = 0;
  readonly feed = new CallFeed({
    clock: { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 },
  });
  readonly client: TunnelClient;

  constructor() {
    const routes = new Map<string, Route>();
    addRoutes(routes, DataService, createData(this.feed));
    this.client = new TunnelClient(routes);
  }

  see(name: string, responseCode = 180): void {
    const times = { timeNs: second(responseCode) };
    this.feed.take([
      sighting({ fromTag: name, fromUser: name, toTag: "~", responseCode, ...times }),
    ]);
  }

  tick(ms: number = limits.callUpdateMs): void {
    this.nowMs += ms;
    this.feed.tick();
  }

  subscribe(): OpenCall {
    const call = this.client.open(path);
    this.client.send(call, new Uint8Array(0));
    this.client.post({ kind: "end", id: call.id });
    return call;
  }
}

function updates(call: OpenCall): CorrelatedCallUpdate[] {
  return call.messages.map((bytes) => fromBinary(CorrelatedCallUpdateSchema, bytes));
}

describe("SubscribeCorrelatedCalls", () => {
  test("tells every call at once, then changes, as existing clients read them", async () => {
    const node = new Node();
    node.see("x");
    node.see("y");
    const call = node.subscribe();
    await until(() => call.messages.length === 2);
    expect(updates(call)[0]).toMatchObject({
      correlationId: expect.stringMatching(/^[0-9a-f]{64}$/),
      tagPair: ["x", "~"],
      fromUser: "x",
      toUser: "5550002222",
      startTimeNs: second(180),
      lastSeenNs: second(180),
      state: "RINGING",
      legs: [
        {
          callId: "call-1",
          hunterId: "h1",
          srcIp: "10.0.0.1",
          dstIp: "10.0.0.2",
          method: "INVITE",
          responseCode: 180,
          packetCount: 1,
          startTimeNs: second(180),
          lastSeenNs: second(180),
        },
      ],
    });
    node.tick();
    node.see("y", 200);
    node.tick();
    await until(() => call.messages.length === 3);
    expect(updates(call)[2]).toMatchObject({ fromUser: "y", state: "ESTABLISHED" });
    expect(call.status).toBeUndefined();
    node.client.post({ kind: "cancel", id: call.id });
    await until(() => call.status !== undefined);
  });

  test("who does not read is told the last state later; others are told meanwhile", async () => {
    const node = new Node();
    const stalled = node.subscribe();
    const { tunnelUnreadMessagesMax: unread } = limits;
    for (let round = 0; round < unread; round++) {
      node.see(`n${round}`);
      node.tick();
      await until(() => stalled.messages.length === round + 1);
    }
    const other = node.subscribe();
    await until(() => other.messages.length === unread);
    node.client.post({ kind: "credit", id: other.id, count: 1000 });
    for (const code of [183, 200, 486]) {
      const before = other.messages.length;
      for (let round = 0; round < unread; round++) node.see(`n${round}`, code);
      node.tick();
      await until(() => other.messages.length === before + unread);
    }
    expect(stalled.messages.length).toBe(unread);
    node.client.post({ kind: "credit", id: stalled.id, count: 1000 });
    await until(() => stalled.messages.length >= 2 * unread);
    const last = updates(stalled).slice(-unread);
    expect(last.map(({ lastSeenNs }) => lastSeenNs)).toEqual(last.map(() => second(486)));
    expect(stalled.messages.length).toBeLessThanOrEqual(2 * unread + 1);
  });

  test("beyond the limit is RESOURCE_EXHAUSTED and names it; who leaves makes room", async () => {
    const node = new Node();
    node.see("x");
    const calls = Array.from({ length: limits.callSubscribersMax }, () => node.subscribe());
    await until(() => calls.every((call) => call.messages.length === 1));
    const refused = node.subscribe();
    await until(() => refused.status !== undefined);
    expect(refused.status?.code).toBe(Code.ResourceExhausted);
    expect(refused.status?.message).toContain(`at most ${limits.callSubscribersMax} clients`);
    const [first] = calls as [OpenCall];
    node.client.post({ kind: "cancel", id: first.id });
    await until(() => first.status !== undefined);
    const next = node.subscribe();
    await until(() => next.messages.length === 1);
  });
});
