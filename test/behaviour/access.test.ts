/** docs/access.md with API keys, on the binary: each call and role, guessing, changes, the log. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { auditedMethods, methodRoles } from "../../src/access/method-roles.ts";
import { roles } from "../../src/config/access-config.ts";
import { limits } from "../../src/config/limits.ts";
import { services } from "../../src/node/control-plane.ts";
import { Health } from "../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { ManagementService } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { keyOfRole } from "../support/access-rules.ts";
import { connectWithKey, endOfCall } from "../support/any-call.ts";
import { FilterClient, failureOf } from "../support/filter-client.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { ServerStream } from "../support/server-stream.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const streamPackets = "/lippycat.data.DataService/StreamPackets";

function entry(role: string, key = keyOfRole(role as "admin")): string {
  return `- {key: ${key}, role: ${role}, description: the ${role}}\n`;
}

function batch(sequence: number): Uint8Array {
  const first = sequence * 10;
  return numberedBatch({ hunterId: "h1", hunter: 1, first, packets: 10, sequence });
}

const allKeys = roles.map((role) => entry(role)).join("");

/** A file of keys that is replaced as a whole. */
class KeysFile {
  readonly path = join(scratchDirectory(), "keys.yaml");

  constructor(text = allKeys) {
    this.write(text);
  }

  write(text: string): void {
    writeFileSync(`${this.path}.new`, text, { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  get flags(): string[] {
    return ["--api-key-auth", "--api-keys-file", this.path];
  }
}

/** No key may be anywhere in what the node says. */
function checkSecrecy(node: RunningProcessor): void {
  const said = node.lines.map((line) => JSON.stringify(line)).join("\n") + node.text + node.stdout;
  expect(said).not.toMatch(/test-key|wrong-wrong/);
}

async function stop(node: RunningProcessor): Promise<void> {
  checkSecrecy(node);
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
}

describe.each(sampledWorkerCounts(3))("a node with --workers %d", (workers) => {
  const keys = new KeysFile();
  let node: RunningProcessor;
  beforeAll(async () => {
    node = await startProcessor([...keys.flags, "--workers", String(workers)]);
  });
  afterAll(() => stop(node));

  for (const role of [...roles, "nobody"] as const) {
    test(`lets ${role} make the calls that are its own, of all that are served`, async () => {
      const client = connectWithKey(node.address, role === "nobody" ? "" : keyOfRole(role));
      for (const { typeName, methods } of services) {
        for (const { name } of methods) {
          const path = `/${typeName}/${name}`;
          const needed = methodRoles.get(path);
          expect(needed, path).toBeDefined();
          const { code } = await endOfCall(client, path);
          const may = needed === "anyone" || role === "admin" || needed === role;
          if (!may) expect(code, path).toBe(status.UNAUTHENTICATED);
          else expect([status.INVALID_ARGUMENT, status.OK], path).toContain(code);
        }
      }
      client.close();
    });
  }

  test("ends the open calls of a key that is gone within a second, and no others", async () => {
    const extra = "another-key-of-a-hunter";
    keys.write(allKeys + entry("hunter", extra));
    await node.waitFor("access-loaded", (line) => line["keys"] === 4);
    const open = (key: string) => () => new MockHunter("", connectWithKey(node.address, key));
    const gone = await connectAcrossShards(node, 8, open(extra));
    const kept = new MockHunter("", connectWithKey(node.address, keyOfRole("hunter")));
    for (const hunter of [...gone, kept]) hunter.send(batch(1));
    for (const hunter of [...gone, kept]) await hunter.waitAcks(1);
    const admin = keyOfRole("admin");
    const view = new ServerStream(
      "",
      ManagementService.method.subscribeTopology,
      {},
      connectWithKey(node.address, admin),
    );
    const health = new ServerStream(node.address, Health.method.watch, {});
    await health.until(() => health.messages.length > 0);
    const since = node.lines.length;
    const begun = performance.now();
    keys.write(allKeys);
    for (const hunter of gone) expect((await hunter.waitEnd()).code).toBe(status.UNAUTHENTICATED);
    expect(performance.now() - begun).toBeLessThan(1000);
    await node.waitFor("access-loaded", (line) => line["keys"] === 3, since);
    kept.send(batch(2));
    await kept.waitAcks(2);
    expect([view.end, health.end, kept.end]).toEqual([undefined, undefined, undefined]);
    for (const each of [...gone, kept, view, health]) each.close();
    const late = connectWithKey(node.address, extra);
    expect((await endOfCall(late, streamPackets)).code).toBe(status.UNAUTHENTICATED);
    late.close();
  });

  test("ends live views and calls of control with their key", async () => {
    const extra = "another-key-of-a-viewer";
    keys.write(allKeys + entry("subscriber", extra));
    await node.waitFor("access-loaded", (line) => line["keys"] === 4, node.lines.length - 1);
    const { subscribeTopology } = ManagementService.method;
    const { subscribePackets } = (services[0] as (typeof services)[0]).method;
    const views = [
      new ServerStream("", subscribePackets, {}, connectWithKey(node.address, extra)),
      new ServerStream("", subscribeTopology, {}, connectWithKey(node.address, extra)),
    ];
    await node.waitFor("node-stats", (line) => line["subscribers"] === 1, node.lines.length);
    keys.write(allKeys);
    for (const view of views) {
      expect((await view.waitEnd()).code).toBe(status.UNAUTHENTICATED);
      view.close();
    }
  });

  test("keeps the keys of before when the file is broken", async () => {
    keys.write(`${allKeys}- {key: short, role: hunter}\n`);
    const line = await node.waitFor("access-broken");
    expect(line.message).toContain("keys.yaml:4: key must be 16 to 256");
    const client = connectWithKey(node.address, keyOfRole("hunter"));
    expect((await endOfCall(client, streamPackets)).code).toBe(status.INVALID_ARGUMENT);
    client.close();
    keys.write(allKeys);
    node.kill("SIGHUP");
    await node.waitFor("access-loaded", () => true, node.lines.indexOf(line));
  });

  test("audits every change that is asked for: who, from where, what", async () => {
    // Lines about refused changes are limited in number: those of the tests before would be in the way.
    const own = await startProcessor([...new KeysFile().flags, "--workers", String(workers)]);
    const admin = new FilterClient(own.address, connectWithKey(own.address, keyOfRole("admin")));
    await admin.set("audited");
    await admin.delete("audited");
    expect((await failureOf(admin.delete("audited"))).code).toBe(status.NOT_FOUND);
    const hunter = connectWithKey(own.address, keyOfRole("hunter"));
    await endOfCall(hunter, "/lippycat.management.ManagementService/UpdateFilter");
    await own.waitFor("access-audit", (line) => line["role"] === "hunter");
    const told = own.lines.filter(({ event }) => event === "access-audit");
    const who = /^127\.0\.0\.1:\d+ \(key "the (?:admin|hunter)", (?:admin|hunter)\): /;
    for (const { message, ...fields } of told) {
      expect(message).toMatch(who);
      expect(fields["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
    }
    expect(told.map(({ message }) => message.replace(who, ""))).toEqual([
      expect.stringMatching(/^set filter "audited" \(sip_user "alice"\); 0 hunters updated$/),
      'delete filter "audited"; 0 hunters updated',
      expect.stringMatching(/^delete filter "audited": there is no/),
      "UpdateFilter was refused: its role is hunter, and the RPC needs admin",
    ]);
    expect(told[0]).toMatchObject({
      caller: "the admin",
      caller_by: "key",
      role: "admin",
      rpc: "UpdateFilter",
    });
    admin.close();
    hunter.close();
    await stop(own);
  });

  test("audits changes by way of a processor, and tokens for one, to whoever asks", async () => {
    const own = await startProcessor([...new KeysFile().flags, "--workers", String(workers)]);
    const management = "/lippycat.management.ManagementService/";
    const admin = new FilterClient(own.address, connectWithKey(own.address, keyOfRole("admin")));
    const { method } = ManagementService;
    const forged = "x\u001b[2J\n12:00:00 info";
    const filter = { id: "f", pattern: "alice", enabled: false, targetHunters: ["h1"] };
    await admin.call(method.updateFilterOnProcessor, { filter });
    await admin.call(method.deleteFilterOnProcessor, { filterId: "f" });
    const target = { processorId: forged, filterId: forged };
    expect((await failureOf(admin.call(method.deleteFilterOnProcessor, target))).code).toBe(5);
    const token = { targetProcessorId: forged };
    expect((await failureOf(admin.call(method.requestAuthToken, token))).code).toBe(9);
    const nobody = connectWithKey(own.address, "");
    for (const path of auditedMethods) await endOfCall(nobody, path);
    const refused = ({ message }: { message: string }) => message.endsWith(": no API key");
    await until(() => own.lines.filter(refused).length === auditedMethods.size);
    const told = own.lines.filter(({ event }) => event === "access-audit");
    expect(told.map(({ rpc }) => rpc)).toEqual([
      "UpdateFilterOnProcessor",
      "DeleteFilterOnProcessor",
      "DeleteFilterOnProcessor",
      "RequestAuthToken",
      ...[...auditedMethods].map((path) => path.slice(management.length)),
    ]);
    expect(told[0]?.message).toEndWith(
      '(key "the admin", admin): set filter "f" (sip_user "alice", disabled, for "h1"); 0 hunters updated',
    );
    expect(told[2]?.message).toContain(String.raw`delete filter "x\u001b[2J\n12:00:00 info": `);
    for (const { message } of told) expect(message).not.toMatch(/\p{Cc}/u);
    admin.close();
    nobody.close();
    await stop(own);
  });

  test("looks at five wrong keys of an address, over all shards, and at no more", async () => {
    const own = await startProcessor([...new KeysFile().flags, "--workers", String(workers)]);
    const open = () => new MockHunter("", connectWithKey(own.address, keyOfRole("hunter")));
    const hunters = await connectAcrossShards(own, 8, open);
    const guesses = Array.from({ length: 40 }, async (_, number) => {
      const client = connectWithKey(own.address, `wrong-wrong-wrong-${number}`);
      const { code } = await endOfCall(client, streamPackets);
      client.close();
      return code;
    });
    const codes = await Promise.all(guesses);
    const count = (code: number) => codes.filter((each) => each === code).length;
    expect(count(status.UNAUTHENTICATED)).toBe(limits.accessFailuresMax);
    expect(count(status.RESOURCE_EXHAUSTED)).toBe(40 - limits.accessFailuresMax);
    const right = connectWithKey(own.address, keyOfRole("hunter"));
    expect((await endOfCall(right, streamPackets)).code).toBe(status.RESOURCE_EXHAUSTED);
    right.close();
    // Whoever is in stays in, and may call again on the same connection.
    for (const hunter of hunters) {
      hunter.send(batch(1));
      await hunter.waitAcks(1);
    }
    const [known] = hunters as [MockHunter];
    expect((await endOfCall(known.client, streamPackets)).code).toBe(status.INVALID_ARGUMENT);
    const { message } = await own.waitFor("access-locked");
    expect(message).toContain("127.0.0.1 sent 5 wrong API keys");
    for (const hunter of hunters) hunter.close();
    await stop(own);
  }, 300_000);
});

test("a shard that was started anew asks for the keys of now, and its address stays locked", async () => {
  const keys = new KeysFile(allKeys + entry("hunter", "another-key-of-a-hunter"));
  const node = await startProcessor([...keys.flags, "--workers", "1"], {
    binary: "faults",
    env: { WEIR_FAULT: "shard-throw=0" },
  });
  const ends = async (key: string): Promise<number> => {
    const client = connectWithKey(node.address, key);
    const { code } = await endOfCall(client, streamPackets);
    client.close();
    return code;
  };
  expect(await ends("another-key-of-a-hunter")).toBe(status.INVALID_ARGUMENT);
  keys.write(allKeys);
  await node.waitFor("access-loaded", (line) => line["keys"] === 3);
  for (let count = 1; count < limits.accessFailuresMax; count++) await ends("wrong-wrong-wrong-0");
  node.kill("SIGUSR2");
  await node.waitFor("node-shard-listening");
  expect(await ends(keyOfRole("hunter"))).toBe(status.INVALID_ARGUMENT);
  expect(await ends("another-key-of-a-hunter")).toBe(status.UNAUTHENTICATED);
  expect(await ends(keyOfRole("hunter"))).toBe(status.RESOURCE_EXHAUSTED);
  await stop(node);
});

test.skipIf(Bun.which("prlimit") === null)(
  "callers without a key do not keep those out who have one, however many they are",
  async () => {
    const node = await startProcessor([...new KeysFile().flags, "--workers", "1"], {
      under: ["prlimit", "--nofile=72:72"],
    });
    const guests = Array.from({ length: 36 }, () => connectWithKey(node.address, ""));
    for (const guest of guests) {
      expect((await endOfCall(guest, "/grpc.health.v1.Health/Watch")).code).not.toBe(16);
    }
    const hunter = new MockHunter("", connectWithKey(node.address, keyOfRole("hunter")));
    hunter.send(batch(1));
    await hunter.waitAcks(1);
    const { message } = await node.waitFor("door-connection-closed");
    expect(message).toBe("nobody knows whose it is, and others want its place");
    for (const each of [...guests, hunter]) each.close();
    await stop(node);
  },
);

describe("at the start", () => {
  const start = (...words: string[]) =>
    runWeir(["process", "--insecure", "--listen", "127.0.0.1:0", ...words]);

  test("keys that are asked for have to be there", async () => {
    const { code, text } = await start("--api-key-auth");
    expect(code).toBe(2);
    expect(text).toContain("--api-key-auth (security.api_keys.enabled) is on, and there is no key");
    const { code: missing, text: why } = await start(
      "--api-key-auth",
      "--api-keys-file",
      "none.yaml",
    );
    expect(missing).toBe(2);
    expect(why).toContain("none.yaml: there is no such API key file");
  });

  test("identities need an authority", async () => {
    const config = join(scratchDirectory(), "c.yaml");
    writeFileSync(config, "security:\n  identities:\n    - {common_name: a, role: admin}\n");
    const { code, text } = await start("--config", config);
    expect(code).toBe(2);
    expect(text).toContain("security.identities needs verified client certificates");
  });

  test("a file of keys that every user can read is told", async () => {
    const keys = new KeysFile();
    chmodSync(keys.path, 0o644);
    const node = await startProcessor(keys.flags);
    const { message } = await node.waitFor("access-doubtful");
    expect(message).toContain("every user can read it (mode 0644)");
    await stop(node);
  });
});
