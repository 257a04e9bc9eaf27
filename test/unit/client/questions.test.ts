/** What each question asks a node, and what it makes of the answer. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { WeirError } from "../../../src/base/errors.ts";
import type { Answer } from "../../../src/client/answer.ts";
import { connectNode, type NodeClient } from "../../../src/client/connect.ts";
import { removeFilters, setFilters } from "../../../src/client/filter-changes.ts";
import { listFilters, showFilter } from "../../../src/client/filters.ts";
import { listHunters, showHunter } from "../../../src/client/hunters.ts";
import { jsonText } from "../../../src/client/json-text.ts";
import { showStatus } from "../../../src/client/status.ts";
import { showTopology } from "../../../src/client/topology.ts";
import {
  type Filter,
  FilterSchema,
  HunterStatus,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { FakeNode } from "../../support/fake-node.ts";

let fake: FakeNode;
let node: NodeClient;

beforeEach(async () => {
  fake = await FakeNode.start();
  node = connectNode({ host: "127.0.0.1", port: fake.port });
});
afterEach(() => {
  node.close();
  fake.stop();
});

const screen = { columns: 80, colours: false };
const parsed = (answer: Answer): unknown => JSON.parse(jsonText(answer.json));
const text = (answer: Answer): string => answer.lines(screen).join("\n");

function filter(id: string, fields: Partial<Pick<Filter, "pattern" | "enabled">> = {}): Filter {
  return create(FilterSchema, { id, pattern: "x", enabled: true, ...fields });
}

async function failureOf(answer: Promise<Answer>): Promise<{ code: string; message: string }> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WeirError)) throw new Error(`no failure: ${String(error)}`);
  return { code: error.code, message: error.message.replaceAll(fake.address, "NODE") };
}

const edge = {
  hunterId: "edge-1",
  hostname: "edge.example",
  remoteAddr: "10.0.0.9:51234",
  status: HunterStatus.STATUS_WARNING,
  connectedDurationSec: 61n,
  interfaces: ["eth0"],
  stats: { packetsCaptured: 7n, packetsDropped: 2n, cpuPercent: 12.3, memoryRssBytes: 1024n },
  capabilities: { filterTypes: ["bpf"], maxBufferSize: 2048n, afXdp: true },
};
const edgeJson = {
  hunter_id: "edge-1",
  hostname: "edge.example",
  remote_addr: "10.0.0.9:51234",
  status: "warning",
  connected_duration_sec: 61,
  interfaces: ["eth0"],
  stats: {
    packets_captured: 7,
    packets_matched: 0,
    packets_forwarded: 0,
    packets_dropped: 2,
    buffer_bytes: 0,
    active_filters: 0,
    cpu_percent: 12.3,
    memory_rss_bytes: 1024,
    memory_limit_bytes: 0,
  },
  capabilities: {
    filter_types: ["bpf"],
    max_buffer_size: 2048,
    gpu_acceleration: false,
    af_xdp: true,
  },
};

describe("hunters", () => {
  test("have the keys of the existing client", async () => {
    fake.status = { hunters: [edge] };
    expect(parsed(await listHunters(node))).toEqual([edgeJson]);
    expect(parsed(await showHunter(node, "edge-1"))).toEqual(edgeJson);
    expect(fake.asked[1]).toMatchObject({ request: { hunterId: "edge-1" } });
    expect(text(await listHunters(node)).split("\n")).toEqual([
      "HUNTER  STATUS   ADDRESS         CONNECTED  FORWARDED  DROPPED",
      "edge-1  warning  10.0.0.9:51234       1m1s          0        2",
    ]);
    expect(text(await showHunter(node, "edge-1"))).toContain("Can filter by  bpf, AF_XDP");
  });

  test("without stats and capabilities are shown all the same", async () => {
    fake.status = { hunters: [{ hunterId: "bare" }] };
    expect(parsed(await showHunter(node, "bare"))).toMatchObject({
      stats: null,
      capabilities: null,
    });
    expect(text(await listHunters(node))).toContain(
      "bare    healthy  -               0s          -        -",
    );
  });

  test("that are none are said in words, and [] in JSON", async () => {
    const answer = await listHunters(node);
    expect(text(answer)).toBe("no hunters are connected");
    expect(jsonText(answer.json)).toBe("[]");
  });

  test("with the longest names fit a terminal of 80 columns", async () => {
    const long = {
      ...edge,
      hunterId: "h".repeat(1024),
      remoteAddr: "[2001:db8:1111:2222:3333:4444:5555:6666]:51234",
    };
    fake.status = { hunters: [edge, long] };
    for (const line of text(await listHunters(node)).split("\n"))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  test("that a node sends although another was meant are not shown", async () => {
    fake.status = { hunters: [edge] };
    expect(await failureOf(showHunter(node, "edge-2"))).toEqual({
      code: "not-found",
      message: 'no hunter "edge-2"; weir list hunters shows those there are',
    });
  });
});

describe("status and topology", () => {
  test("have the keys of the existing client", async () => {
    fake.status = {
      processorStats: {
        processorId: "core",
        totalHunters: 3,
        healthyHunters: 2,
        errorHunters: 1,
        totalPacketsReceived: 2n ** 64n - 1n,
      },
    };
    const answer = await showStatus(node);
    expect(answer.json).toEqual({
      processor_id: "core",
      status: "healthy",
      total_hunters: 3,
      healthy_hunters: 2,
      warning_hunters: 0,
      error_hunters: 1,
      total_packets_received: 2n ** 64n - 1n,
      total_packets_forwarded: 0n,
      total_filters: 0,
      upstream_processor: "",
    });
    expect(text(answer)).toContain("Hunters            3 (2 healthy, 0 warning, 1 error)");
    expect(text(answer)).toContain("18,446,744,073,709,551,615");
  });

  test("a node of ours tells more: version, recorder, and who watches", async () => {
    fake.nodeStatus = {
      version: "1.2.3",
      uptimeSec: 61n,
      recorderState: 3,
      packets: { received: 9n, rejected: 1n, accepted: 8n, written: 5n, inFlight: 2n, held: 1n },
      totalSubscribers: 2,
      totalBatchesDropped: 1007n,
      subscribers: [
        { clientId: "tui\u001b", peer: "10.0.0.3:4000", batchesSent: 1200n, batchesDropped: 7n },
        {
          clientId: "one",
          hasHunterFilter: true,
          hunterCount: 1,
          hunterIds: ["edge-1"],
          bpfFilter: "udp",
        },
      ],
    };
    const answer = await showStatus(node);
    expect(parsed(answer)).toMatchObject({
      processor_id: "",
      version: "1.2.3",
      uptime_sec: 61,
      recorder: "stalled",
      packets: { received: 9, in_flight: 2, abandoned: 0 },
      total_subscribers: 2,
      total_batches_dropped: 1007,
      subscribers: [{ batches_dropped: 7 }, { hunter_ids: ["edge-1"], bpf_filter: "udp" }],
    });
    const lines = text(answer).split("\n");
    expect(lines).toContain("Recorder           stalled");
    expect(lines).toContain("Packets waiting    3");
    expect(lines).toContain("Subscribers        2 (1,007 batches lost so far)");
    expect(lines.slice(-3)).toEqual([
      "SUBSCRIBER  ADDRESS        HUNTERS  FILTER   SENT  DROPPED  QUEUED",
      "tui\\u001b   10.0.0.3:4000      all  -       1,200        7       0",
      "one         -                    1  udp         0        0       0",
    ]);
  });

  test("an answer without stats is an empty node", async () => {
    expect(parsed(await showStatus(node))).toMatchObject({ processor_id: "", total_hunters: 0 });
    expect(parsed(await showTopology(node))).toMatchObject({ processor_id: "", hunters: [] });
  });

  test("the topology is a tree", async () => {
    const site = {
      processorId: "site-2",
      address: "10.0.0.8:50051",
      upstreamProcessor: "core",
      hierarchyDepth: 1,
      unreachableReason: "no\u001banswer",
      downstreamProcessors: [{ processorId: "deep", reachable: true }],
    };
    fake.topology = {
      processor: {
        processorId: "core",
        reachable: true,
        hunters: [edge],
        downstreamProcessors: [site],
      },
    };
    const answer = await showTopology(node);
    expect(text(answer).split("\n")).toEqual([
      "processor  core  healthy",
      "├─ hunter  edge-1  10.0.0.9:51234  warning",
      "└─ processor  site-2  10.0.0.8:50051  unreachable: no\\u001banswer",
      "   └─ processor  deep  healthy",
    ]);
    expect(parsed(answer)).toEqual({
      processor_id: "core",
      address: "",
      status: "healthy",
      upstream_processor: "",
      hierarchy_depth: 0,
      reachable: true,
      hunters: [edgeJson],
      downstream_processors: [
        expect.objectContaining({
          processor_id: "site-2",
          upstream_processor: "core",
          hierarchy_depth: 1,
          reachable: false,
        }),
      ],
    });
  });

  test("nodes nested beyond all measure are an error in words", async () => {
    let processor: object = {};
    for (let depth = 0; depth < 500; depth += 1) processor = { downstreamProcessors: [processor] };
    fake.topology = { processor };
    expect((await failureOf(showTopology(node))).code).toBe("call-failed");
  });
});

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
    expect((await failureOf(showFilter(node, "c"))).code).toBe("not-found");
  });

  test("100,000 come in one answer, above the limit that grpc-js has by itself", async () => {
    for (let index = 0; index < 100_000; index += 1) {
      const id = `filter-${index}`;
      fake.filters.set(id, filter(id, { pattern: `a-pattern-of-some-length-${index}` }));
    }
    expect((await listFilters(node, "")).json).toHaveLength(100_000);
  });

  test("an answer beyond our limit is refused in words", async () => {
    fake.filters.set("a", filter("a", { pattern: "x".repeat(65 * 2 ** 20) }));
    expect(await failureOf(listFilters(node, ""))).toEqual({
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
      "2 filters were not sent any more",
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
      "NODE does not know the call GetHunterStatus: it may be an older program",
    ],
    [status.INTERNAL, "broken", "call-failed", "NODE: INTERNAL: broken"],
  ];
  test.each(cases)("%d %s", async (code, details, failure, message) => {
    fake.refusals.set("", { code, details });
    expect(await failureOf(listHunters(node))).toEqual({ code: failure, message });
  });

  test("words without end are cut", async () => {
    fake.refusals.set("", { code: status.INTERNAL, details: "x".repeat(7000) });
    expect((await failureOf(showStatus(node))).message.length).toBeLessThan(2100);
  });

  test("a node that does not answer in time", async () => {
    fake.silent = true;
    const hasty = connectNode({ host: "127.0.0.1", port: fake.port }, 50);
    expect(await failureOf(showStatus(hasty))).toEqual({
      code: "node-unreachable",
      message: "NODE did not answer within 50ms",
    });
    hasty.close();
  });

  test("nobody there", async () => {
    fake.stop();
    expect(await failureOf(showStatus(node))).toEqual({
      code: "node-unreachable",
      message: "cannot reach NODE: connection refused",
    });
  });
});
