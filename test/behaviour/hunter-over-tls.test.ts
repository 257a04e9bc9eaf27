/** `weir hunt`, and the commands that ask a node, over mutual TLS: compiled binaries on both sides. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { type KeyPair, makeAuthority, writeKeyPair } from "../support/certificates.ts";
import { clientFlags } from "../support/client-files.ts";
import { FakeNode } from "../support/fake-node.ts";
import { hasIpv6 } from "../support/loopback.ts";
import { readCapture } from "../support/read-capture.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { checkAccounts, runWeir, scratchDirectory, WeirProcess } from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

const authority = makeAuthority();
const stranger = makeAuthority("Other");
const server = authority.issue({
  names: ["localhost"],
  addresses: ["127.0.0.1", "::1"],
  use: "server",
});
const edge = authority.issue({ commonName: "edge-1", use: "client" });
const mutual = clientFlags(authority, edge);
const packets = 2000;
const input = join(scratchDirectory(), "input.pcap");
const numbers = Array.from({ length: packets }, (_, number) => number);

beforeAll(() => writeFileSync(input, numberedPcap(packets)));

/** A node that demands certificates of `authority`, and records. */
async function startNode({
  pair = server,
  listen = "127.0.0.1:0",
  workers = 1,
  env = {} as Readonly<Record<string, string>>,
} = {}) {
  const directory = scratchDirectory();
  const file = join(directory, "tls.pcapng");
  const { certificate, key } = writeKeyPair(directory, "node", pair);
  const [, ca = ""] = clientFlags(authority);
  const own = ["--tls-cert", certificate, "--tls-key", key, "--tls-ca", ca, "--tls-client-auth"];
  const flags = ["--listen", listen, "--workers", String(workers), "--log-format", "json"];
  const node = new WeirProcess(["process", ...own, "-w", file, ...flags], { env });
  const address = String((await node.waitFor("node-listening"))["address"]);
  return { node, file, address };
}

async function stop(node: WeirProcess): Promise<void> {
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
  checkAccounts(node);
}

function huntArgs(address: string, flags: readonly string[]): string[] {
  return ["hunt", "-P", address, "--read", input, "--id", "edge-1", ...flags];
}

const recorded = (file: string): number[] =>
  readCapture(file).packets.map(({ bytes }) => bytes.readUInt32BE(0));

describe.each(sampledWorkerCounts(1))("a node with --workers %d", (workers) => {
  const reach = async (host: string, listen: string) => {
    const { node, file, address } = await startNode({ workers, listen });
    const port = address.slice(address.lastIndexOf(":") + 1);
    const { code, text } = await runWeir(huntArgs(`${host}:${port}`, mutual));
    expect(text).toContain("2,000 acknowledged");
    expect(code).toBe(0);
    await stop(node);
    expect(recorded(file)).toEqual(numbers);
  };

  test.each(["127.0.0.1", "localhost"])("is reached as %s: all is in the file", (host) =>
    reach(host, "127.0.0.1:0"),
  );

  test.skipIf(!hasIpv6)("is reached as [::1]: all is in the file", () => reach("[::1]", "[::1]:0"));
});

test("filters are set and the node is shown over mutual TLS, from settings in a file", async () => {
  const { node, address } = await startNode();
  const [, ca, , cert, , key] = mutual;
  const config = join(scratchDirectory(), "client.yaml");
  writeFileSync(
    config,
    `remote:\n  processor: ${address}\n  tls: {ca: ${ca}, cert: ${cert}, key: ${key}}\n`,
  );
  const weir = async (...words: string[]) => {
    const { code, stdout, text } = await runWeir([...words, "--config", config]);
    expect([code, text]).toEqual([0, ""]);
    return JSON.parse(stdout);
  };
  await weir("set", "filter", "--id", "dns", "-t", "bpf", "--pattern", "udp port 53");
  expect(await weir("list", "filters")).toMatchObject([{ id: "dns", pattern: "udp port 53" }]);
  expect(await weir("show", "status")).toHaveProperty("processor_id");
  await weir("rm", "filter", "--id", "dns");
  await stop(node);
});

describe("who does not fit is told why, and leaves nothing behind", () => {
  let running: Awaited<ReturnType<typeof startNode>>;
  beforeAll(async () => {
    running = await startNode();
  });
  afterAll(async () => {
    await stop(running.node);
    expect(recorded(running.file)).toEqual([]);
  });

  const cases: [string, readonly string[], RegExp][] = [
    ["trusts another authority", clientFlags(stranger, edge), /certificate is not from a CA/],
    ["has no certificate", clientFlags(authority), /requires? a client certificate.*--tls-cert/],
    [
      "has one of another authority",
      clientFlags(authority, stranger.issue({ commonName: "edge-1", use: "client" })),
      /not accept .*client\.pem/,
    ],
    [
      "has one for servers",
      clientFlags(authority, authority.issue({ commonName: "edge-1", use: "server" })),
      /not accept .*client\.pem/,
    ],
    ["does not speak TLS", ["--insecure"], /require TLS \(--tls\)/],
    ["trusts the public authorities alone", ["--tls"], /not from a public CA.*--tls-ca/],
  ];
  test.each(cases)("a client that %s", async (_, flags, words) => {
    await expectRefusal(running.address, flags, words);
  });
});

/** Of the client that asks at once; of the hunter, which goes on trying, until it is stopped. */
async function expectRefusal(address: string, flags: readonly string[], words: RegExp) {
  const { code, stdout, text } = await runWeir(["show", "status", "-P", address, ...flags]);
  expect(text).toMatch(words);
  expect(text).toContain(`cannot reach ${address}: `);
  expect([code, stdout]).toEqual([2, ""]);
  const hunt = new WeirProcess(huntArgs(address, [...flags, "--log-format", "json"]));
  const { message } = await hunt.waitFor("hunt-processor-unreachable");
  expect(message).toMatch(words);
  hunt.kill("SIGTERM");
  await hunt.waitFor("hunt-stopping");
  // It waits for acknowledgements, which nobody gives.
  hunt.kill("SIGTERM");
  expect((await hunt.ended).code).toBe(143);
}

describe("a node that may be another is not sent anything", () => {
  const hourMs = 3_600_000;
  const names = ["localhost"];
  const ago = new Date(Date.now() - hourMs);
  const soon = new Date(Date.now() + hourMs);
  const nodes: [string, KeyPair, RegExp][] = [
    ["another address", authority.issue({ names, addresses: ["127.0.0.2"] }), /for 127\.0\.0\.1/],
    ["a time that is over", authority.issue({ addresses: ["127.0.0.1"], validTo: ago }), /expired/],
    ["later", authority.issue({ addresses: ["127.0.0.1"], validFrom: soon }), /not valid yet/],
    ["clients", authority.issue({ addresses: ["127.0.0.1"], use: "client" }), /not for serv/],
  ];
  test.each(nodes)("its certificate is for %s", async (_, pair, words) => {
    const own = { cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.key) };
    const node = await FakeNode.start(ServerCredentials.createSsl(null, [own]));
    await expectRefusal(node.address, mutual, words);
    expect(node.asked).toEqual([]);
    node.stop();
  });

  test("it is a server without TLS", async () => {
    const node = await FakeNode.start();
    await expectRefusal(
      node.address,
      mutual,
      /does not speak TLS; --insecure connects without TLS/,
    );
    node.stop();
  });
});

describe("files of one's own that cannot be used end it at once", () => {
  const expired = authority.issue({ commonName: "edge-1", validTo: new Date(Date.now() - 1000) });
  const mixed = { certificate: edge.certificate, key: server.key };
  const swapped = { certificate: edge.key, key: edge.certificate };
  const cases: [string, string[], RegExp][] = [
    [
      "no such authority",
      ["--tls-ca", "/nowhere/ca.pem"],
      /^\/nowhere\/ca\.pem \(--tls-ca\): there/,
    ],
    ["an authority that is none", clientFlags(edge), /is not a CA certificate/],
    [
      "another certificate's key",
      clientFlags(authority, mixed),
      /is not the key of the certificate/,
    ],
    ["the two mixed up", clientFlags(authority, swapped), /are two files mixed up\?/],
    ["one that has expired", clientFlags(authority, expired), /CN=edge-1 expired on 20/],
    [
      "no such API key",
      ["--tls", "--api-key-file", "/nowhere/key"],
      /^\/nowhere\/key: there is no such/,
    ],
  ];
  test.each(cases)("%s", async (_, flags, words) => {
    const hunt = await runWeir(huntArgs("127.0.0.1:1", flags));
    expect(hunt.text.replace("weir hunt: ", "")).toMatch(words);
    expect(hunt.code).toBe(78);
    const show = await runWeir(["show", "status", "-P", "127.0.0.1:1", ...flags]);
    expect(show.text.replace("weir show status: ", "")).toMatch(words);
    expect([show.code, show.stdout]).toEqual([64, ""]);
  });
});

test("no variable of the environment makes it weaker, on either side", async () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", GRPC_SSL_CIPHER_SUITES: "NULL" };
  const { node, address } = await startNode({ env });
  const show = ["show", "status", "-P", address];
  expect((await runWeir([...show, ...mutual], { env })).code).toBe(0);
  const trusts = await runWeir([...show, ...clientFlags(stranger, edge)], { env });
  expect(trusts.text).toMatch(/certificate is not from a CA/);
  const foreign = stranger.issue({ commonName: "edge-1", use: "client" });
  for (const flags of [clientFlags(authority), clientFlags(authority, foreign)]) {
    expect((await runWeir([...show, ...flags], { env })).code).toBe(2);
  }
  await stop(node);
});

test("a hunter takes the certificate that it is given while it runs, and sends everything", async () => {
  const { node, file, address } = await startNode();
  const flags = clientFlags(authority, stranger.issue({ commonName: "edge-1", use: "client" }));
  const hunt = new WeirProcess(huntArgs(address, [...flags, "--log-format", "json"]));
  await hunt.waitFor("hunt-processor-unreachable");
  const [, , , certificate = "", , key = ""] = flags;
  writeFileSync(key, edge.key);
  writeFileSync(certificate, edge.certificate);
  expect((await hunt.ended).code).toBe(0);
  await stop(node);
  expect(recorded(file)).toEqual(numbers);
});

test("--tls-skip-verify takes any certificate and says so; in production it is refused", async () => {
  const pair = authority.issue({ names: ["x.example"], use: "server" });
  const { node, address } = await startNode({ pair });
  const blind = [...mutual, "--tls-skip-verify"];
  const show = ["show", "status", "-P", address];
  expect((await runWeir([...show, ...mutual])).code).toBe(2);
  const { code, text } = await runWeir([...show, ...blind]);
  expect(text).toBe(
    "weir show status: warning: --tls-skip-verify: the node's certificate is not checked; any program can pose as the node\n",
  );
  expect(code).toBe(0);
  const env = { LIPPYCAT_PRODUCTION: "true" };
  expect((await runWeir([...show, ...blind], { env })).code).toBe(64);
  const hunt = await runWeir(huntArgs(address, blind), { env });
  expect(hunt.text).toContain("--tls-skip-verify: LIPPYCAT_PRODUCTION demands");
  expect(hunt.code).toBe(2);
  await stop(node);
});
