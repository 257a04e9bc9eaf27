/** `weir list`, `show`, `set` and `rm` against a node that a hunter is connected to. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ManagementClient } from "../support/management-client.ts";
import {
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

let node: RunningProcessor;
let hunter: ManagementClient;
const filterFile = join(scratchDirectory(), "filters.yaml");

beforeAll(async () => {
  node = await startProcessor(["--processor-id", "core", "--filter-file", filterFile]);
  hunter = new ManagementClient(node.address);
  const capabilities = { filterTypes: ["sip_user", "ip_address"] };
  await hunter.register({
    hunterId: "edge-1",
    hostname: "edge",
    interfaces: ["eth0"],
    capabilities,
  });
  const stats = { packetsCaptured: 70n, packetsForwarded: 7n, cpuPercent: 12.3 };
  await hunter.heartbeat({ hunterId: "edge-1", timestampNs: 1n, stats });
});
afterAll(async () => {
  hunter.close();
  node.kill("SIGTERM");
  await node.ended;
});

async function weir(...words: string[]) {
  const { code, stdout, text } = await runWeir([...words, "--insecure", "-P", node.address]);
  expect(text).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

test("the hunter and the node are shown", async () => {
  const [shown] = await weir("list", "hunters");
  expect(shown).toMatchObject({
    hunter_id: "edge-1",
    hostname: "edge",
    status: "healthy",
    interfaces: ["eth0"],
    stats: { packets_captured: 70, cpu_percent: 12.3 },
    capabilities: { filter_types: ["sip_user", "ip_address"] },
  });
  expect(shown.remote_addr).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await weir("show", "hunter", "--id", "edge-1")).toMatchObject({ hunter_id: "edge-1" });
  const status = await weir("show", "status");
  expect(status).toMatchObject({ processor_id: "core", total_hunters: 1, healthy_hunters: 1 });
  expect(status).toMatchObject({ recorder: "off", subscribers: [], packets: { received: 0 } });
  const topology = await weir("show", "topology");
  expect(topology).toMatchObject({ processor_id: "core", hunters: [{ hunter_id: "edge-1" }] });
});

test("a filter goes into the node's file, applies to its hunters, and comes out again", async () => {
  const set = ["set", "filter", "-t", "sip_user", "--pattern", "alice", "--id", "alice"];
  expect(await weir(...set)).toMatchObject({ success: true, filter_id: "alice" });
  await weir(
    "set",
    "filter",
    "-t",
    "bpf",
    "--pattern",
    "udp",
    "--id",
    "all-udp",
    "--hunters",
    "edge-2",
  );
  const stored = parse(readFileSync(filterFile, "utf8")).filters;
  expect(stored).toMatchObject([
    { id: "alice", type: "sip_user", enabled: true },
    { id: "all-udp" },
  ]);
  expect(await weir("list", "filters")).toHaveLength(2);
  expect(await weir("list", "filters", "--hunter", "edge-1")).toMatchObject([{ id: "alice" }]);
  await weir(...set, "--no-enabled", "--description", "off for now");
  const alice = await weir("show", "filter", "--id", "alice");
  expect(alice).toMatchObject({ enabled: false, description: "off for now" });
  expect(await weir("set", "filter", "-f", filterFile)).toHaveLength(2);
  expect(await weir("rm", "filter", "--id", "alice")).toMatchObject({ success: true });
  expect(await weir("list", "filters")).toMatchObject([{ id: "all-udp" }]);
});

test("what the node refuses or does not have has the exit codes of the existing client", async () => {
  const codeOf = async (...words: string[]) =>
    (await runWeir([...words, "--insecure", "-P", node.address])).code;
  expect(await codeOf("rm", "filter", "--id", "nobody")).toBe(4);
  expect(await codeOf("show", "filter", "--id", "nobody")).toBe(4);
  expect(await codeOf("show", "hunter", "--id", "nobody")).toBe(4);
});
