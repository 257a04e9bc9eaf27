/** What is said when a node does not do what it was asked. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { connectNode, type NodeClient } from "../../../src/client/connect.ts";
import { listHunters } from "../../../src/client/hunters.ts";
import { showStatus } from "../../../src/client/status.ts";
import type { FakeNode } from "../../support/fake-node.ts";
import { type Asked, dialPlain, failureOf, startAsked } from "./client-harness.ts";

let asked: Asked;
let fake: FakeNode;
let node: NodeClient;

beforeEach(async () => {
  asked = await startAsked();
  ({ fake, node } = asked);
});
afterEach(() => asked.close());

describe("a call that fails", () => {
  const cases: [status, string, string, string][] = [
    [
      status.UNAVAILABLE,
      "the node is stopping",
      "node-unreachable",
      "cannot reach NODE: UNAVAILABLE: the node is stopping",
    ],
    [status.INVALID_ARGUMENT, "bad id", "request-refused", "NODE refuses: bad id"],
    [status.FAILED_PRECONDITION, "", "request-refused", "NODE: FAILED_PRECONDITION"],
    [status.NOT_FOUND, "no such hunter", "not-found", "NODE refuses: no such hunter"],
    [
      status.UNIMPLEMENTED,
      "x",
      "call-unknown",
      "NODE does not know the RPC GetHunterStatus: the node may be an older version",
    ],
    [status.INTERNAL, "broken", "call-failed", "NODE: INTERNAL: broken"],
  ];
  test.each(cases)("%d %s", async (code, details, failure, message) => {
    fake.refusals.set("", { code, details });
    expect(await failureOf(listHunters(node), fake)).toEqual({ code: failure, message });
  });

  test("words without end are cut", async () => {
    fake.refusals.set("", { code: status.INTERNAL, details: "x".repeat(7000) });
    expect((await failureOf(showStatus(node), fake)).message.length).toBeLessThan(2100);
  });

  test("a node that does not answer in time", async () => {
    fake.silent = true;
    const hasty = connectNode(await dialPlain(fake.port), 50);
    expect(await failureOf(showStatus(hasty), fake)).toEqual({
      code: "node-unreachable",
      message: "NODE did not answer within 50ms",
    });
    hasty.close();
  });

  test("nobody there", async () => {
    fake.stop();
    expect(await failureOf(showStatus(node), fake)).toEqual({
      code: "node-unreachable",
      message: "cannot reach NODE: connection refused",
    });
  });
});
