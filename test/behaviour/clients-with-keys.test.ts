/** `weir hunt`, and the commands that ask a node, against a node that wants API keys. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority, writeKeyPair } from "../support/certificates.ts";
import { clientFlags } from "../support/client-files.ts";
import { readCapture } from "../support/read-capture.ts";
import { runWeir, scratchDirectory, WeirProcess } from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

const authority = makeAuthority();
const trusting = clientFlags(authority);
const directory = scratchDirectory();
const input = join(directory, "input.pcap");
const roles = ["hunter", "subscriber", "admin"] as const;
type Role = (typeof roles)[number];
const keyOf = (role: Role | "nobody") => `${role}-0123456789abcdef0123456789abcdef`;

function keyFile(key: string): string {
  const path = join(scratchDirectory(), "key");
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  return path;
}

const withKey = (key: string): string[] => [...trusting, "--api-key-file", keyFile(key)];

let node: WeirProcess;
let address = "";
const file = join(directory, "keys.pcapng");
beforeAll(async () => {
  writeFileSync(input, numberedPcap(300));
  const server = authority.issue({ addresses: ["127.0.0.1"], use: "server" });
  const { certificate, key } = writeKeyPair(directory, "node", server);
  const keys = roles.map((role) => `    - {key: ${keyOf(role)}, role: ${role}}\n`).join("");
  const config = join(directory, "node.yaml");
  const yaml = `security:\n  api_keys:\n    enabled: true\n    keys:\n${keys}`;
  writeFileSync(config, yaml, { mode: 0o600 });
  const tls = ["--tls-cert", certificate, "--tls-key", key];
  const flags = ["--config", config, "--listen", "127.0.0.1:0", "--log-format", "json"];
  node = new WeirProcess(["process", ...tls, ...flags, "-w", file]);
  address = String((await node.waitFor("node-listening"))["address"]);
});
afterAll(async () => {
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
  expect(readCapture(file).packets).toHaveLength(600);
});

const huntArgs = (flags: readonly string[]) => [
  ...["hunt", "-P", address, "--read", input, "--id", "edge-1"],
  ...flags,
];

test("a hunter with its key sends everything", async () => {
  const { code, text } = await runWeir(huntArgs(withKey(keyOf("hunter"))));
  expect(text).toContain("300 acknowledged");
  expect(code).toBe(0);
});

describe("a client", () => {
  const show = ["show", "status"];
  const list = ["list", "filters"];
  const set = ["set", "filter", "-t", "bpf", "--pattern", "udp", "--id", "a"];
  const may: [Role, string[], boolean][] = [
    ["subscriber", show, true],
    ["subscriber", set, false],
    ["hunter", show, false],
    ["admin", show, true],
    ["admin", set, true],
    ["admin", list, true],
  ];
  test.each(may)("with the key of a %s: %j %p", async (role, words, allowed) => {
    const flags = withKey(keyOf(role));
    const { code, text } = await runWeir([...words, "-P", address, ...flags]);
    const refusal = `${address} refuses: it does not accept the API key of ${flags.at(-1)}, or not for this RPC`;
    const told = allowed ? "" : `weir ${words.slice(0, 2).join(" ")}: ${refusal}\n`;
    expect(text.replace(/filter "a": /, "")).toBe(told);
    expect(code).toBe(allowed ? 0 : 1);
  });

  test("without a key is told what is missing", async () => {
    const { code, text } = await runWeir([...show, "-P", address, ...trusting]);
    expect(text).toBe(
      `weir show status: ${address} refuses: it requires an API key (--api-key-file), or a client certificate that allows this (--tls-cert)\n`,
    );
    expect(code).toBe(1);
  });
});

test("a hunter that is refused goes on when its file has the right key", async () => {
  const flags = withKey(keyOf("nobody"));
  const hunt = new WeirProcess(huntArgs([...flags, "--log-format", "json"]));
  const { message } = await hunt.waitFor("hunt-registration-refused");
  expect(message).toContain(`it does not accept the API key of ${flags.at(-1)}`);
  writeFileSync(flags.at(-1)!, keyOf("hunter"));
  expect((await hunt.ended).code).toBe(0);
});
