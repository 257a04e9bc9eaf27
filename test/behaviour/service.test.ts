/** packaging/: the unit and the settings that a service starts from. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority, writeKeyPair } from "../support/certificates.ts";
import { clientFlags } from "../support/client-files.ts";
import { readCapture } from "../support/read-capture.ts";
import { runWeir, scratchDirectory, WeirProcess } from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

const packaging = join(import.meta.dir, "../../packaging");
const unit = readFileSync(join(packaging, "weir.service"), "utf8");
const authority = makeAuthority();

/** The words of the unit's command, for files below `root`; the port is a free one of loopback. */
function serviceWords(root: string): string[] {
  const etc = join(root, "etc");
  const state = join(root, "state");
  for (const directory of [etc, state]) mkdirSync(directory, { recursive: true });
  const server = authority.issue({ addresses: ["127.0.0.1"], use: "server" });
  writeKeyPair(etc, "node", server);
  writeFileSync(join(etc, "ca.pem"), authority.certificate);
  const place = (text: string) =>
    text.replaceAll("/etc/weir", etc).replaceAll("/var/lib/weir", state);
  writeFileSync(join(etc, "weir.yaml"), place(readFileSync(join(packaging, "weir.yaml"), "utf8")));
  const [, command = ""] = /^ExecStart=\/usr\/bin\/weir (.+)$/m.exec(unit) ?? [];
  return [...place(command).split(" "), "--listen", "127.0.0.1:0"];
}

/** A service with a hunter that sends it 500 packets. Its log. */
async function runService(root: string, under: readonly string[] = []): Promise<WeirProcess> {
  const env = { LIPPYCAT_PRODUCTION: "true" };
  const node = new WeirProcess(serviceWords(root), { env, cwd: root, under });
  const address = String((await node.waitFor("node-listening"))["address"]);
  const own = clientFlags(authority, authority.issue({ commonName: "edge-1", use: "client" }));
  const input = join(root, "input.pcap");
  writeFileSync(input, numberedPcap(500));
  const hunt = await runWeir(["hunt", "-P", address, "--read", input, "--id", "edge-1", ...own]);
  expect(hunt.code).toBe(0);
  const set = ["set", "filter", "-P", address, "-t", "bpf", "--id", "a", ...own];
  for (const pattern of ["udp", "tcp"]) {
    expect((await runWeir([...set, "--pattern", pattern])).code).toBe(0);
  }
  const reloaded = node.lines.length;
  const pid = under.length === 0 ? node.pid : childOf(node.pid);
  process.kill(pid, "SIGHUP");
  await node.waitFor("credentials-loaded", undefined, reloaded);
  process.kill(pid, "SIGTERM");
  expect((await node.ended).code).toBe(0);
  return node;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);
}

test("the settings are taken as they are, in production, and reload as the unit says", async () => {
  const root = scratchDirectory();
  const node = await runService(root);
  expect(node.lines.filter(({ level }) => level !== "info")).toEqual([]);
  const state = join(root, "state");
  const [capture = ""] = readdirSync(state).filter((name) => name.endsWith(".pcapng"));
  expect(readCapture(join(state, capture)).packets).toHaveLength(500);
  expect(readFileSync(join(state, "filters.yaml"), "utf8")).toContain("tcp");
  expect(unit).toContain("ExecReload=kill -HUP $MAINPID");
});

const noAnalyze = Bun.which("systemd-analyze") === null;

describe("the unit", () => {
  test.skipIf(noAnalyze)("exposes no more than 1.5 of 10 points", () => {
    const path = join(packaging, "weir.service");
    const words = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", path];
    const { exitCode, stdout, stderr } = Bun.spawnSync(words, {
      env: { ...process.env, LANG: "C" },
    });
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    expect(stdout.toString()).toMatch(/Overall exposure level for weir\.service: 1\.\d OK/);
  });

  test.skipIf(noAnalyze || Bun.which("strace") === null)(
    "allows the system calls and address families that a node uses",
    async () => {
      const root = scratchDirectory();
      const trace = join(root, "trace");
      await runService(root, ["strace", "-f", "-qq", "-o", trace]);
      const text = readFileSync(trace, "latin1");
      const calls = new Set(Array.from(text.matchAll(/^\d+ +(\w+)\(/gm), ([, name = ""]) => name));
      expect(calls.size).toBeGreaterThan(40);
      const allowed = allowedCalls();
      // The filter file keeps its owner where that can be had; a service has one anyway.
      const refused = [...calls].filter((name) => !allowed.has(name) && name !== "fchown");
      expect(refused).toEqual([]);
      const [, families = ""] = /^RestrictAddressFamilies=(.+)$/m.exec(unit) ?? [];
      const used = new Set(
        Array.from(text.matchAll(/\bsocket\((AF_\w+)/g), ([, name = ""]) => name),
      );
      expect([...used].filter((name) => !families.split(" ").includes(name))).toEqual([]);
    },
  );
});

/** What the lines SystemCallFilter= leave, by the sets of this machine's systemd (systemd.exec(5)). */
function allowedCalls(): Set<string> {
  const { stdout } = Bun.spawnSync(["systemd-analyze", "syscall-filter", "--no-pager"]);
  const sets = new Map<string, string[]>();
  let members: string[] = [];
  for (const line of Bun.stripANSI(stdout.toString()).split("\n")) {
    if (line.startsWith("@")) {
      members = [];
      sets.set(line.trim(), members);
    } else if (/^ +[@\w]/.test(line)) members.push(line.trim());
  }
  const expand = (name: string): string[] =>
    name.startsWith("@") ? (sets.get(name) ?? []).flatMap(expand) : [name];
  const allowed = new Set(expand("@default"));
  for (const [, list = ""] of unit.matchAll(/^SystemCallFilter=(.+)$/gm)) {
    const names = list.replace(/^~/, "").split(" ").flatMap(expand);
    for (const name of names) {
      if (list.startsWith("~")) allowed.delete(name);
      else allowed.add(name);
    }
  }
  return allowed;
}
