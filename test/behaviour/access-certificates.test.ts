/** docs/access.md with client certificates, on the binary: roles, and hunters that belong to a certificate. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { ManagementService } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { connectWithKey, endOfCall } from "../support/any-call.ts";
import { FilterClient, failureOf } from "../support/filter-client.ts";
import { ManagementClient } from "../support/management-client.ts";
import { connect, MockHunter } from "../support/mock-hunter.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { ServerStream } from "../support/server-stream.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { fingerprintOf, namedAddress, TlsFiles } from "../support/tls-node.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  startProcessor,
} from "../support/weir-process.ts";

const files = new TlsFiles();
const clients = {
  edge1: files.client("edge-1"),
  edge2: files.client("edge-2"),
  watch: files.client("watch"),
  ops: files.client("ops"),
  stranger: files.client("nobody-knows"),
};
type Name = keyof typeof clients;

const config = join(files.directory, "config.yaml");
const key = "key-beside-certificates";

function write(more = ""): void {
  const text = `security:
  api_keys:
    enabled: true
    keys:
      - {key: ${key}, role: admin, description: by key}
  identities:
    - {common_name: edge-1, role: hunter, hunter_id: [h1, h1-voip]}
    - {common_name: edge-2, role: hunter}
    - {subject: CN=watch, role: subscriber}
    - {fingerprint: "${fingerprintOf(clients.ops)}", role: admin}
${more}`;
  writeFileSync(`${config}.new`, text, { mode: 0o600 });
  renameSync(`${config}.new`, config);
}

function batch(hunterId: string, sequence: number): Uint8Array {
  return numberedBatch({ hunterId, hunter: 1, first: sequence * 10, packets: 10, sequence });
}

describe.each(sampledWorkerCounts(1))("a node with --workers %d", (workers) => {
  let node: RunningProcessor;
  beforeAll(async () => {
    write();
    const flags = ["--config", config, "--workers", String(workers)];
    node = await startProcessor([...files.flags, ...flags]);
  });
  afterAll(async () => {
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    checkAccounts(node);
    expect(JSON.stringify(node.lines)).not.toContain(key);
  });

  const client = (name: Name) => connect(namedAddress(node), files.security(clients[name]));
  const hunter = (name: Name) => new MockHunter("", client(name));
  const path = (method: string) => `/lippycat.management.ManagementService/${method}`;

  test("knows each certificate's role, tells it what it lacks, and nobody else anything", async () => {
    const codes = async (name: Name) => {
      const own = client(name);
      const found = [];
      for (const method of ["Heartbeat", "GetTopology", "DeleteFilter"]) {
        found.push((await endOfCall(own, path(method))).code);
      }
      own.close();
      return found;
    };
    const { INVALID_ARGUMENT: letIn, PERMISSION_DENIED: denied, UNAUTHENTICATED: unknown } = status;
    expect(await codes("edge2")).toEqual([letIn, denied, denied]);
    expect(await codes("watch")).toEqual([denied, letIn, denied]);
    expect(await codes("ops")).toEqual([letIn, letIn, letIn]);
    expect(await codes("stranger")).toEqual([unknown, unknown, unknown]);
    const watch = client("watch");
    const { details } = await endOfCall(watch, path("DeleteFilter"));
    expect(details).toBe("your certificate has the role subscriber; this RPC needs admin");
    watch.close();
    const keyed = connectWithKey(namedAddress(node), key, files.security(clients.stranger));
    expect((await endOfCall(keyed, path("DeleteFilter"))).code).toBe(letIn);
    keyed.close();
  });

  test("a hunter is carried by its own certificate alone, and that carries no other", async () => {
    const own = hunter("edge1");
    own.send(batch("h1", 1));
    own.send(batch("h1-voip", 2));
    await own.waitAcks(2);
    own.send(batch("h9", 3));
    expect(await own.waitEnd()).toEqual({
      code: status.PERMISSION_DENIED,
      details: 'this client may not act as hunter "h9"',
    });
    own.close();
    const other = hunter("edge2");
    other.send(batch("h9", 1));
    other.send(batch("h8", 2));
    other.send(batch("h1", 3));
    expect((await other.waitEnd()).code).toBe(status.PERMISSION_DENIED);
    expect(other.acks.map(({ sequence }) => sequence)).toEqual([1n, 2n]);
    other.close();
    const admin = hunter("ops");
    admin.send(batch("h1", 1));
    expect((await admin.waitEnd()).code).toBe(status.PERMISSION_DENIED);
    admin.close();
  });

  test("and so are its registration, its heartbeats and its filters", async () => {
    const { method } = ManagementService;
    const refused = async (name: Name, hunterId: string) => {
      const own = client(name);
      const management = new ManagementClient("", own);
      const filters = new FilterClient("", own);
      const codes = [
        (await failureOrNone(management.register({ hunterId }))).code,
        (await failureOrNone(management.heartbeat({ hunterId }))).code,
        (await failureOrNone(filters.get(hunterId))).code,
      ];
      const listener = new ServerStream("", method.subscribeFilters, { hunterId }, client(name));
      if (codes[0] !== status.OK) codes.push((await listener.waitEnd()).code);
      listener.close();
      management.close();
      return codes;
    };
    const denied = status.PERMISSION_DENIED;
    expect(await refused("edge1", "h1")).toEqual([0, 0, 0]);
    expect(await refused("edge2", "h2")).toEqual([0, 0, 0]);
    expect(await refused("edge1", "h2")).toEqual([denied, denied, denied, denied]);
    expect(await refused("edge2", "h1")).toEqual([denied, denied, denied, denied]);
    // An admin may see what every hunter is told, and still is none.
    expect(await refused("ops", "h1")).toEqual([denied, denied, 0, denied]);
  });

  test("whoever asks for all filters gets none that are for a hunter of somebody else", async () => {
    const ops = new FilterClient("", client("ops"));
    await ops.set("of-h1", { targetHunters: ["h1"] });
    await ops.set("of-both", { targetHunters: ["h1", "h2"] });
    await ops.set("of-all");
    const edge2 = new FilterClient("", client("edge2"));
    expect((await edge2.get()).map(({ id }) => id)).toEqual(["of-both", "of-all"]);
    expect((await ops.get()).map(({ id }) => id)).toEqual(["of-h1", "of-both", "of-all"]);
    for (const id of ["of-h1", "of-both", "of-all"]) await ops.delete(id);
    for (const each of [ops, edge2]) each.close();
  });

  test("a hunter that is bound while it sends is taken from who may not carry it", async () => {
    const own = hunter("edge2");
    own.send(batch("late", 1));
    await own.waitAcks(1);
    const { method } = ManagementService;
    const listener = new ServerStream(
      "",
      method.subscribeFilters,
      { hunterId: "late" },
      client("edge2"),
    );
    const others = new ServerStream(
      "",
      method.subscribeFilters,
      { hunterId: "free" },
      client("edge2"),
    );
    await nextStats(node);
    const since = node.lines.length;
    write("    - {common_name: edge-3, role: hunter, hunter_id: late}\n");
    await node.waitFor("access-loaded", (line) => line["changed"] === true, since);
    expect((await listener.waitEnd()).code).toBe(status.PERMISSION_DENIED);
    own.send(batch("late", 2));
    expect((await own.waitEnd()).code).toBe(status.PERMISSION_DENIED);
    expect(own.acks.length).toBe(1);
    expect(others.end).toBeUndefined();
    for (const each of [own, listener, others]) each.close();
  });

  test("changes are told with the name in the certificate", async () => {
    const filters = new FilterClient("", client("ops"));
    await filters.set("f1");
    await filters.delete("f1");
    filters.close();
    const line = await node.waitFor("access-audit", ({ message }) =>
      message.includes('set filter "f1"'),
    );
    expect(line).toMatchObject({ caller: "ops", caller_by: "certificate", role: "admin" });
    expect(line.message).toContain('(certificate "ops", admin): set filter "f1"');
    const watch = new FilterClient("", client("watch"));
    expect((await failureOf(watch.delete("f1"))).code).toBe(status.PERMISSION_DENIED);
    watch.close();
    await node.waitFor("access-audit", ({ message }) =>
      message.endsWith("DeleteFilter was refused: its role is subscriber, and the RPC needs admin"),
    );
  });
});

async function failureOrNone(call: Promise<unknown>): Promise<{ readonly code: number }> {
  try {
    await call;
    return { code: status.OK };
  } catch (error) {
    return { code: (error as { code: number }).code };
  }
}
