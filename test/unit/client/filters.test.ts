/** Questions about filters, and changes of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { NodeClient } from "../../../src/client/connect.ts";
import { removeFilters, setFilters } from "../../../src/client/filter-changes.ts";
import { listFilters, showFilter } from "../../../src/client/filters.ts";
import {
  type Filter,
  FilterSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import type { FakeNode } from "../../support/fake-node.ts";
import { type Asked, failureOf, parsed, startAsked, text } from "./client-harness.ts";

let asked: Asked;
let fake: FakeNode;
let node: NodeClient;

beforeEach(async () => {
  asked = await startAsked();
  ({ fake, node } = asked);
});
afterEach(() => asked.close());

function filter(id: string, fields: Partial<Pick<Filter, "pattern" | "enabled">> = {}): Filter {
  return create(FilterSchema, { id, pattern: "x", enabled: true, ...fields });
}

describe("filters", () => {
  test("are listed by id, all or those of a hunter", async () => {
    for (const id of ["b", "a"]) fake.filters.set(id, filter(id));
    fake.filters.set(
      "odd",
      create(FilterSchema, { id: "odd", type: 99 as never, pattern: "\u001b" }),
    );
    const answer = await listFilters(node, "edge-1");
    expect(fake.asked[0]).toMatchObject({ method: "GetFilters", request: { hunterId: "edge-1" } });
    expect(parsed(answer)).toMatchObject([
      { id: "a" },
      { id: "b" },
      { id: "odd", type: "unknown_99", enabled: false },
    ]);
    expect(text(answer).split("\n").at(-1)).toBe("odd     unknown_99  no   all      \\u001b");
    fake.filters.clear();
    expect(text(await listFilters(node, ""))).toBe("the node has no filters");
    expect(text(await listFilters(node, "a\u001b"))).toBe('no filters apply to "a\\u001b"');
  });

  test("one is looked for among all", async () => {
    fake.filters.set("a", filter("a"));
    expect(parsed(await showFilter(node, "a"))).toMatchObject({ id: "a", type: "sip_user" });
    expect((await failureOf(showFilter(node, "c"), fake)).code).toBe("not-found");
  });

  test("30,000 come in one answer, above the limit that grpc-js has by itself", async () => {
    for (let index = 0; index < 30_000; index += 1) {
      const id = `filter-${index}`;
      fake.filters.set(
        id,
        filter(id, { pattern: `${"a pattern of some length ".repeat(6)}${index}` }),
      );
    }
    expect((await listFilters(node, "")).json).toHaveLength(30_000);
  });

  test("an answer beyond our limit is refused in words", async () => {
    fake.filters.set("a", filter("a", { pattern: "x".repeat(65 * 2 ** 20) }));
    expect(await failureOf(listFilters(node, ""), fake)).toEqual({
      code: "call-failed",
      message: "the answer of NODE is larger than 64 MiB",
    });
  });
});

describe("changes", () => {
  test("a filter is sent as it is, and the result has no made-up names", async () => {
    const answer = await setFilters(node, [filter("a")], false);
    expect(fake.filters.get("a")).toMatchObject({ id: "a", pattern: "x", enabled: true });
    expect(parsed(answer)).toEqual({
      success: true,
      error: "",
      hunters_updated: 2,
      filter_id: "a",
    });
    expect(text(answer)).toBe("a: set, 2 hunters updated");
    const removed = await removeFilters(node, ["a"], true);
    expect(fake.filters.size).toBe(0);
    expect(parsed(removed)).toEqual([
      { success: true, error: "", hunters_updated: 2, filter_id: "a" },
    ]);
  });

  test("one that is refused does not keep the others from being sent", async () => {
    fake.refusals.set("b", { code: status.INVALID_ARGUMENT, details: "pattern: no\u001b" });
    const answer = await setFilters(
      node,
      ["a", "b", "c"].map((id) => filter(id)),
      true,
    );
    expect([...fake.filters.keys()]).toEqual(["a", "c"]);
    expect(parsed(answer)).toMatchObject([
      { success: true },
      { success: false, filter_id: "b" },
      { success: true },
    ]);
    expect(text(answer).split("\n")).toHaveLength(2);
    expect(answer.failures?.map(({ code }) => code)).toEqual(["request-refused"]);
    expect(answer.failures?.[0]?.message).toStartWith('filter "b": ');
  });

  test("once the node is gone, the rest is not tried", async () => {
    fake.refusals.set("b", { code: status.UNAVAILABLE, details: "stopping" });
    const answer = await removeFilters(node, ["a", "b", "c", "d"], true);
    expect(fake.asked).toHaveLength(2);
    expect(answer.failures?.map(({ message }) => message).slice(1)).toEqual([
      `filter "b": cannot reach ${fake.address}: UNAVAILABLE: stopping`,
      "2 filters not sent",
    ]);
    expect(parsed(answer)).toMatchObject([
      {},
      {},
      { success: false, filter_id: "c" },
      { success: false },
    ]);
  });

  test("a result without success is a failure, with the node's words", async () => {
    fake.failure = "no room";
    const answer = await setFilters(node, [filter("a")], false);
    expect(parsed(answer)).toMatchObject({ success: false, error: "no room", hunters_updated: 0 });
    expect(answer.failures?.[0]?.code).toBe("call-failed");
  });
});
