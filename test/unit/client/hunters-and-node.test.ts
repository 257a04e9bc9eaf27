/** What each question about hunters and the node asks, and what it makes of the answer. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { NodeClient } from "../../../src/client/connect.ts";
import { listHunters, showHunter } from "../../../src/client/hunters.ts";
import { jsonText } from "../../../src/client/json-text.ts";
import { showStatus } from "../../../src/client/status.ts";
import { showTopology } from "../../../src/client/topology.ts";
import { HunterStatus } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
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
    expect(text(await showHunter(node, "edge-1"))).toContain("Can filter by    bpf, AF_XDP");
  });

  test("that an answer of the node has no room for are told of", async () => {
    fake.status = { hunters: [edge], processorStats: { totalHunters: 1 } };
    expect((await listHunters(node)).warnings).toEqual([]);
    fake.status = { hunters: [edge], processorStats: { totalHunters: 12_000 } };
    expect((await listHunters(node)).warnings).toEqual([
      "1 of 12000 hunters are shown: one answer has no room for more; weir show hunter --id ID shows the others",
    ]);
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
    expect(await failureOf(showHunter(node, "edge-2"), fake)).toEqual({
      code: "not-found",
      message: 'no hunter "edge-2"; weir list hunters shows the ids',
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
      certificateExpiresSec: 1_700_000_000n,
      events: { "record-stalled": 2n },
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
      certificate_expires: "2023-11-14T22:13:20.000Z",
      events: { "record-stalled": 2 },
      subscribers: [{ batches_dropped: 7 }, { hunter_ids: ["edge-1"], bpf_filter: "udp" }],
    });
    const lines = text(answer).split("\n");
    expect(lines).toContain("Recorder           stalled");
    expect(lines).toContain("Packets waiting    3");
    expect(lines).toContain("Certificate        until 2023-11-14T22:13:20.000Z");
    expect(lines).toContain("Subscribers        2 (1,007 batches lost)");
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

  test("is asked once when it does not accept the API key: each time counts as a guess", async () => {
    fake.refusals.set("", { code: 16, details: "no" });
    await failureOf(showStatus(node), fake);
    expect(fake.asked.map(({ method }) => method)).toEqual(["GetHunterStatus"]);
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
    expect((await failureOf(showTopology(node), fake)).code).toBe("call-failed");
  });
});
