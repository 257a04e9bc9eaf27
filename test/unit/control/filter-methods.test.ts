/** The calls about filters, with filters in memory and a clock that the test moves. */
import { describe, expect, test } from "bun:test";
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { limits } from "../../../src/config/limits.ts";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { createFilterMethods } from "../../../src/control/filter-methods.ts";
import { HunterClaims } from "../../../src/control/hunter-claims.ts";
import { Filters } from "../../../src/filters/filters.ts";
import { Roster } from "../../../src/roster/roster.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import {
  FilterRequestSchema,
  type FilterSchema,
  FilterType,
  FilterUpdateSchema,
  ManagementService,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { noRules } from "../../support/access-rules.ts";
import { FilterModel } from "../../support/filter-model.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

const { method } = ManagementService;

class Node {
  nowMs = 0;
  readonly lines: string[] = [];
  readonly evicted: string[] = [];
  readonly filters: Filters;
  readonly client: TunnelClient;

  constructor() {
    const write = (line: string) => this.lines.push(line);
    const log = createLog({ level: "info", format: "text", colours: false, write });
    const events = createEvents(log);
    const clock = { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 };
    this.filters = new Filters({
      path: "",
      events,
      clock,
      capabilitiesOf: (id) => (id.startsWith("voip") ? ["sip_user", "bpf"] : undefined),
      evict: (hunterId) => this.evicted.push(hunterId),
    });
    const routes = new Map<string, Route>();
    const methods = createFilterMethods({
      processorId: "node-1",
      filters: this.filters,
      claims: new HunterClaims(noRules),
      roster: new Roster(0, clock),
      events,
    });
    addRoutes(routes, ManagementService, methods);
    this.client = new TunnelClient(routes);
  }

  async ended<M extends DescMethodUnary>(m: M, fields: MessageInitShape<M["input"]>) {
    const call = this.client.open(`/${ManagementService.typeName}/${m.name}`, "10.1.1.1:7");
    this.client.send(call, toBinary(m.input, create(m.input, fields)));
    await until(() => call.status !== undefined);
    return call;
  }

  async answer<M extends DescMethodUnary>(m: M, fields: MessageInitShape<M["input"]>) {
    const { status, messages } = await this.ended(m, fields);
    if (status?.code !== 0) throw new Error(JSON.stringify(status));
    return fromBinary(m.output, messages[0] as Uint8Array) as MessageShape<M["output"]>;
  }

  set(id: string, fields: MessageInitShape<typeof FilterSchema> = {}) {
    return this.answer(method.updateFilter, { id, pattern: "alice", enabled: true, ...fields });
  }

  subscribe(hunterId: string): OpenCall {
    const call = this.client.open(`/${ManagementService.typeName}/SubscribeFilters`);
    const request = create(FilterRequestSchema, { hunterId });
    this.client.send(call, toBinary(FilterRequestSchema, request));
    this.client.post({ kind: "end", id: call.id });
    return call;
  }

  idsFor = async (hunterId: string) =>
    (await this.answer(method.getFilters, { hunterId })).filters.map(({ id }) => id);
}

describe("UpdateFilter", () => {
  test("keeps a filter, gives it an id if it has none, and counts the hunters that are told", async () => {
    const node = new Node();
    for (const id of ["voip1", "voip1", "voip2", "plain"]) node.subscribe(id);
    await until(() => node.filters.distribution.subscriptions === 4);
    expect(await node.set("a")).toMatchObject({ success: true, error: "", huntersUpdated: 2 });
    expect((await node.set("a")).huntersUpdated).toBe(0);
    expect((await node.set("", { enabled: false })).success).toBe(true);
    const [first, second] = await node.idsFor("");
    expect([first, second?.startsWith("filter-")]).toEqual(["a", true]);
    const phone = { type: FilterType.FILTER_PHONE_NUMBER, pattern: "+49 30 1" };
    await node.set("p", phone);
    expect(node.filters.set.get("p")?.pattern).toBe("49301");
    expect(node.lines.at(-1)).toContain(
      `10.1.1.1:7: set filter "p" (phone_number "49301"); 0 hunters updated`,
    );
    await node.set("p", {
      ...phone,
      enabled: false,
      targetHunters: ["a", "b\u202e", "c", "d", "e"],
    });
    expect(node.lines.at(-1)).toContain(
      String.raw`(phone_number "49301", disabled, for "a", "b\u202e", "c" and 2 more); 0 hunters`,
    );
  });

  test("of what cannot be is INVALID_ARGUMENT by field, and keeps nothing", async () => {
    const node = new Node();
    const bad: [string, MessageInitShape<typeof FilterSchema>][] = [
      ["pattern is empty", { id: "a" }],
      ["pattern is empty", { id: "a", pattern: " " }],
      ["pattern is 1048576 bytes long", { id: "a", pattern: "x".repeat(1024 * 1024) }],
      ["type 99 is not a filter type", { id: "a", pattern: "x", type: 99 as FilterType }],
      ['pattern "x" is not an IPv4', { id: "a", pattern: "x", type: FilterType.FILTER_IP_ADDRESS }],
      ["id has control characters", { id: "a\u0000", pattern: "x" }],
      ["id is 257 bytes long", { id: "x".repeat(257), pattern: "x" }],
      ["pattern has control characters", { id: "a", pattern: "x\ny" }],
      ["target_hunters holds the hunter id", { id: "a", pattern: "x", targetHunters: ["\u001b"] }],
      ["description has control", { id: "a", pattern: "x", description: "\u0007" }],
    ];
    for (const [text, fields] of bad) {
      const { status } = await node.ended(method.updateFilter, fields);
      expect([status?.code, status?.message]).toEqual([
        Code.InvalidArgument,
        expect.stringContaining(text),
      ]);
      expect(status?.message.length).toBeLessThan(200);
    }
    expect(node.filters.set.size).toBe(0);
  });
});

test("DeleteFilter of an unknown id is NOT_FOUND, of none INVALID_ARGUMENT", async () => {
  const node = new Node();
  await node.set("a");
  const codes: (number | undefined)[] = [];
  for (const filterId of ["b", "", "a\u0000", "x".repeat(300), "a", "a"]) {
    codes.push((await node.ended(method.deleteFilter, { filterId })).status?.code);
  }
  const { InvalidArgument, NotFound } = Code;
  expect(codes).toEqual([NotFound, InvalidArgument, InvalidArgument, InvalidArgument, 0, NotFound]);
  expect(node.filters.set.size).toBe(0);
  expect(
    node.lines.some((line) => line.includes(`10.1.1.1:7: delete filter "b": there is no`)),
  ).toBe(true);
});

test("GetFilters has all filters for nobody in particular, and for a hunter what it gets", async () => {
  const node = new Node();
  await node.set("sip");
  await node.set("off", { enabled: false });
  await node.set("bpf", { type: FilterType.FILTER_BPF, pattern: "udp" });
  await node.set("mine", { targetHunters: ["voip1"] });
  expect(await node.idsFor("")).toEqual(["sip", "off", "bpf", "mine"]);
  expect(await node.idsFor("voip1")).toEqual(["sip", "bpf", "mine"]);
  expect(await node.idsFor("voip2")).toEqual(["sip", "bpf"]);
  expect(await node.idsFor("stranger")).toEqual(["bpf"]);
  const bad = await node.ended(method.getFilters, { hunterId: "a\u0000" });
  expect(bad.status?.code).toBe(Code.InvalidArgument);
});

describe("calls on a processor", () => {
  test("work here for its own name and for none, whatever the token", async () => {
    const node = new Node();
    const authToken = { targetProcessorId: "10.0.0.1:50051", signature: new Uint8Array([1]) };
    for (const processorId of ["", "node-1"]) {
      const filter = { id: "a", pattern: "x", enabled: true };
      const set = { processorId, filter, authToken };
      expect((await node.answer(method.updateFilterOnProcessor, set)).success).toBe(true);
      const list = await node.answer(method.getFiltersFromProcessor, { processorId, authToken });
      expect(list.filters.map(({ id }) => id)).toEqual(["a"]);
      const removal = { processorId, filterId: "a", authToken };
      expect((await node.answer(method.deleteFilterOnProcessor, removal)).success).toBe(true);
      const again = await node.ended(method.deleteFilterOnProcessor, removal);
      expect(again.status?.code).toBe(Code.NotFound);
    }
  });

  test("are NOT_FOUND by name for any other", async () => {
    const node = new Node();
    const processorId = "child";
    for (const call of [
      await node.ended(method.updateFilterOnProcessor, { processorId, filter: { pattern: "x" } }),
      await node.ended(method.deleteFilterOnProcessor, { processorId, filterId: "a" }),
      await node.ended(method.getFiltersFromProcessor, { processorId }),
    ]) {
      expect(call.status).toEqual({
        code: Code.NotFound,
        message: `there is no node "child" below "node-1"`,
      });
    }
  });

  test("without the filter to set are INVALID_ARGUMENT", async () => {
    const node = new Node();
    const { status } = await node.ended(method.updateFilterOnProcessor, {});
    expect(status).toEqual({ code: Code.InvalidArgument, message: "filter is missing" });
  });

  test("need no token, and get none", async () => {
    const node = new Node();
    const { status, messages } = await node.ended(method.requestAuthToken, {});
    expect(status?.code).toBe(Code.FailedPrecondition);
    expect(messages).toEqual([]);
  });
});

describe("SubscribeFilters", () => {
  const steps = ({ messages }: OpenCall) =>
    messages.map((bytes) => fromBinary(FilterUpdateSchema, bytes));

  test("goes on until the client ends it, and is forgotten then", async () => {
    const node = new Node();
    await node.set("a");
    const call = node.subscribe("voip1");
    await until(() => call.messages.length === 1);
    await node.answer(method.deleteFilter, { filterId: "a" });
    await until(() => call.messages.length === 2);
    expect(steps(call).map(({ filter }) => filter?.id)).toEqual(["a", "a"]);
    expect(call.status).toBeUndefined();
    expect(node.filters.distribution.subscriptions).toBe(1);
    node.client.post({ kind: "cancel", id: call.id });
    await until(() => node.filters.distribution.subscriptions === 0);
    expect((await node.set("b")).huntersUpdated).toBe(0);
  });

  test("sends nothing beyond what is read; a thousand changes later the hunter holds the set", async () => {
    const node = new Node();
    const call = node.subscribe("voip1");
    await until(() => node.filters.distribution.subscriptions === 1);
    const unread = limits.tunnelUnreadMessagesMax;
    for (let round = 0; round < 1000; round++) {
      const id = `f${round % 40}`;
      if (round % 7 === 6) await node.ended(method.deleteFilter, { filterId: id });
      else await node.set(id, { pattern: `p${round}`, enabled: round % 11 !== 0 });
    }
    expect(call.messages.length).toBe(unread);
    const model = new FilterModel();
    let applied = 0;
    const wanted = [...node.filters.set.values()].filter(({ enabled }) => enabled);
    const holdsAll = () => {
      for (; applied < call.messages.length; applied++) model.apply(steps(call)[applied]!);
      return (
        model.filters.size === wanted.length &&
        wanted.every(({ id, pattern }) => model.filters.get(id)?.pattern === pattern)
      );
    };
    node.client.post({ kind: "credit", id: call.id, count: 1000 });
    await until(holdsAll);
    expect(model.mistakes).toEqual([]);
    expect(call.messages.length).toBeLessThan(unread + 2 * 40);
  });

  test("is ended with its packet streams when nothing is read for too long", async () => {
    const node = new Node();
    const call = node.subscribe("voip1");
    const reader = node.subscribe("voip2");
    node.client.post({ kind: "credit", id: reader.id, count: 1000 });
    await until(() => node.filters.distribution.subscriptions === 2);
    for (let id = 0; id <= limits.tunnelUnreadMessagesMax; id++) await node.set(`f${id}`);
    await until(() => reader.messages.length === limits.tunnelUnreadMessagesMax + 1);
    node.nowMs += limits.filterStuckMs + 1;
    node.filters.distribution.sweep();
    await until(() => call.status !== undefined);
    expect(call.status).toEqual({
      code: Code.Aborted,
      message: "the hunter took no filter update for 30 s: connect and register again",
    });
    expect(node.evicted).toEqual(["voip1"]);
    expect(node.filters.distribution.subscriptions).toBe(1);
    expect(reader.status).toBeUndefined();
    expect(node.lines.at(-1)).toContain(
      `10.0.0.1:5: hunter "voip1" is disconnected: the hunter took no filter update`,
    );
  });
});
