/** Keys are read from files and shown nowhere: no log, no error, no help, no process title. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KeyPair, makeAuthority, writeKeyPair } from "../support/certificates.ts";
import { clientFlags } from "../support/client-files.ts";
import {
  runWeir,
  type StartOptions,
  scratchDirectory,
  WeirProcess,
} from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

const authority = makeAuthority();
const server = authority.issue({ addresses: ["127.0.0.1"], use: "server" });
const edge = authority.issue({ commonName: "edge-1", use: "client" });
const apiKey = "Marked-0f8a61-Secret";
const directory = scratchDirectory();
const input = join(directory, "input.pcap");
writeFileSync(input, numberedPcap(200));
const serverPaths = writeKeyPair(directory, "node", server);
const [, ca = ""] = clientFlags(authority);
const apiKeyFile = fileOf(`${apiKey}\n`);

function fileOf(text: string): string {
  const path = join(scratchDirectory(), "secret");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** What would give a secret away: of a PEM key each line, and of the API key each half. */
const marks = [
  ...[server, edge].flatMap(({ key }) =>
    key.split("\n").filter((line) => /^[\w+/=]{8,}$/.test(line)),
  ),
  apiKey.slice(0, 10),
  apiKey.slice(10),
  Buffer.from(apiKey).toString("base64").slice(0, 20),
  Buffer.from(apiKey).toString("hex").slice(0, 20),
];

function expectNoSecret(text: string): void {
  for (const mark of marks) expect(text).not.toContain(mark);
}

/** Runs a command to its end, checks what it said, and returns that. */
async function said(args: readonly string[], options: StartOptions = {}): Promise<string> {
  const all = { ...options, env: { ...env, ...options.env } };
  const { text, stdout, lines } = await runWeir(args, all);
  const told = text + stdout + JSON.stringify(lines);
  expectNoSecret(told);
  return told;
}

/** What makes the libraries below talkative. */
const env = { GRPC_TRACE: "all", GRPC_VERBOSITY: "DEBUG", NODE_DEBUG: "tls,http2,net" };
const debug = ["--log-level", "debug"];
const formats = ["text", "json"] as const;
const serving = (pair: KeyPair) => ["--tls-cert", pair.certificate, "--tls-key", pair.key];
const hunting = (address: string) => ["hunt", "-P", address, "--read", input, "--id", "edge-1"];

test("the marks are what the files hold", () => {
  expect(marks.length).toBe(10);
  const files = [serverPaths.key, apiKeyFile].map((path) => readFileSync(path, "utf8")).join("");
  for (const mark of [marks[0], marks[2], marks[6]]) expect(files).toContain(mark!);
});

describe("a node and its clients at work, at log level debug", () => {
  let node: WeirProcess;
  let address = "";
  beforeAll(async () => {
    const flags = ["--listen", "127.0.0.1:0", "--tls-ca", ca, "--tls-client-auth"];
    const json = ["--log-format", "json", ...debug];
    node = new WeirProcess(["process", ...serving(serverPaths), ...flags, ...json], { env });
    address = String((await node.waitFor("node-listening"))["address"]);
  });
  afterAll(async () => {
    node.kill("SIGTERM");
    await node.ended;
    expectNoSecret(node.text + node.stdout + JSON.stringify(node.lines));
  });

  test.each(formats)("as %s", async (format) => {
    const own = [...clientFlags(authority, edge), "--api-key-file", apiKeyFile];
    const log = ["--log-format", format, ...debug];
    expect(await said([...hunting(address), ...own, ...log])).toContain("200 acknowledged");
    expect(await said(["show", "status", "-P", address, ...own])).toContain("processor_id");
    // Refused on the way: the other side is not the one that was meant.
    const wrong = [...clientFlags(makeAuthority(), edge), "--api-key-file", apiKeyFile];
    expect(await said(["show", "status", "-P", address, ...wrong])).toContain("certificate is not");
    const reloads = node.lines.length;
    node.kill("SIGHUP");
    await node.waitFor("credentials-loaded", undefined, reloads);
  });

  test("as a process that others list", async () => {
    const own = [...clientFlags(authority, edge), "--api-key-file", apiKeyFile];
    const hunt = new WeirProcess([
      ...hunting(address),
      ...own,
      "--loop",
      "0",
      "--log-format",
      "json",
    ]);
    await hunt.waitFor("hunt-connected");
    for (const { pid } of [node, hunt]) {
      for (const name of ["cmdline", "comm", "environ"]) {
        expectNoSecret(readFileSync(`/proc/${pid}/${name}`, "latin1"));
      }
    }
    hunt.kill("SIGTERM");
    await hunt.ended;
  });
});

describe("what is wrong is told without it", () => {
  const cut = (text: string) => text.slice(0, -40);
  const broken: [string, KeyPair, string][] = [
    ["a damaged key", { ...server, key: cut(server.key) }, "is damaged"],
    ["a key that is not one", { ...server, key: server.key.replaceAll("M", "N") }, "is damaged"],
    ["the two mixed up", { certificate: server.key, key: server.certificate }, "mixed up"],
    ["another key", { certificate: server.certificate, key: edge.key }, "is not the key"],
  ];
  test.each(broken)("%s, of nodes and of clients", async (_, pair, words) => {
    const paths = writeKeyPair(scratchDirectory(), "broken", pair);
    for (const format of formats) {
      const log = ["--log-format", format, ...debug];
      const node = ["process", "--listen", "127.0.0.1:0", ...serving(paths), ...log];
      expect(await said(node)).toContain(words);
      expect(await said([...hunting("127.0.0.1:1"), ...serving(paths), ...log])).toContain(words);
    }
    expect(await said(["list", "filters", ...serving(paths)])).toContain(words);
  });

  test.each([`${apiKey} ${apiKey}`, `${apiKey}\n${apiKey}\n`, `${apiKey}\u00e9`])(
    "an API key that is none (%#)",
    async (text) => {
      const flags = ["--tls", "--api-key-file", fileOf(text)];
      expect(await said([...hunting("127.0.0.1:1"), ...flags, ...debug])).toContain("one line");
      expect(await said(["show", "status", ...flags])).toContain("one line");
    },
  );

  test("a key in a place where it does not belong", async () => {
    const given = { LIPPYCAT_REMOTE_API_KEY: apiKey, LIPPYCAT_HUNTER_API_KEY: apiKey };
    const words = "--api-key-file";
    expect(await said(["show", "status", "--tls", "--api-key", apiKey])).toContain(words);
    expect(await said(["show", "status", "--tls", `--api-key=${apiKey}`])).toContain(words);
    expect(await said(["show", "status", "--tls"], { env: given })).toContain(words);
    expect(await said([...hunting("127.0.0.1:1"), "--tls"], { env: given })).toContain(words);
    const yaml = fileOf(`remote:\n  api_key: ${apiKey}\nhunter:\n  api_key: ${apiKey}\n`);
    for (const command of [["show", "status"], hunting("127.0.0.1:1")]) {
      expect(await said([...command, "--tls", "--config", yaml])).toContain(words);
    }
  });
});

describe("API keys of a node", () => {
  const key = `${apiKey}-0123456789abcdef`;
  const configOf = (keys: string): string =>
    fileOf(`security:\n  api_keys:\n    enabled: true\n    keys:\n${keys}`);
  const start = (config: string) => [
    ...["process", ...serving(serverPaths), "--listen", "127.0.0.1:0", "--log-format", "json"],
    ...["--config", config, ...debug],
  ];

  test("are not told, whether they are right or wrong", async () => {
    const node = new WeirProcess(start(configOf(`    - {key: ${key}, role: admin}\n`)), { env });
    const address = String((await node.waitFor("node-listening"))["address"]);
    const show = ["show", "status", "-P", address, ...clientFlags(authority), "--api-key-file"];
    expect(await said([...show, fileOf(key)])).toContain("processor_id");
    expect(await said([...show, fileOf(`${key}-wrong`)])).toContain("does not accept the API key");
    node.kill("SIGHUP");
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expectNoSecret(node.text + node.stdout + JSON.stringify(node.lines));
  });

  const wrong: [string, string, string][] = [
    ["a role that there is not", `    - {key: ${key}, role: king}\n`, "role"],
    ["a field that there is not", `    - {key: ${key}, role: admin, kee: ${key}}\n`, "kee"],
    ["a list that is none", `      key: ${key}\n`, "list of entries"],
    ["a key for a list", `    - ${key}\n`, ":5"],
    ["the same twice", `    - {key: ${key}, role: admin}\n`.repeat(2), "is the same as"],
    ["a key with a space", `    - {key: ${key} ${apiKey}, role: admin}\n`, "printable ASCII"],
    ["a key that is too short", `    - {key: ${apiKey.slice(0, 10)}, role: admin}\n`, "key"],
    ["YAML that is broken", `    - {key: ${key}, role: "admin}\n`, ":"],
    ["a tab", `\t- {key: ${key}, role: admin}\n`, ":"],
  ];
  test.each(wrong)("%s is told without it", async (_, keys, words) => {
    expect(await said(start(configOf(keys)))).toContain(words);
  });
});

test.each(["process", "hunt", "show status"])("--help of %s shows no value", async (command) => {
  const given = { LIPPYCAT_HUNTER_API_KEY: apiKey, LIPPYCAT_REMOTE_API_KEY: apiKey };
  const text = await said([...command.split(" "), "--help"], { env: given });
  expect(text).toContain("--tls-key FILE");
});
