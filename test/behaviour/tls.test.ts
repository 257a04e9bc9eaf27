/** TLS as operators have it: mutual, rotated while streams go on, refused where it is not right. */
import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BusyHunter, checkRecorded, unhurried } from "../support/busy-hunter.ts";
import { makeAuthority } from "../support/certificates.ts";
import { connect, MockHunter } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { fingerprintOf, namedAddress, shownFingerprint, TlsFiles } from "../support/tls-node.ts";
import {
  checkAccounts,
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

/** With so many new connections each of three shards has one, but for once in 10,000 times. */
const connections = 24;

async function allShow(node: RunningProcessor, files: TlsFiles): Promise<boolean> {
  const all = Array.from({ length: connections }, () => shownFingerprint(node.port, files));
  const shown = new Set(await Promise.all(all));
  return shown.size === 1 && shown.has(fingerprintOf(files.pair));
}

describe.each(sampledWorkerCounts(1))("a node with --workers %d", (workers) => {
  const begin = async (files: TlsFiles, path: string) => {
    const flags = ["--workers", String(workers), "-w", path];
    const node = await startProcessor([...files.flags, ...flags]);
    const hunters = await connectAcrossShards(node, 8, () => {
      return new MockHunter("", connect(namedAddress(node), files.security()));
    });
    return {
      node,
      hunters: hunters.map(
        (stream, number) => new BusyHunter(stream, { number, before: unhurried }),
      ),
    };
  };

  const finish = async (node: RunningProcessor, hunters: BusyHunter[], path: string) => {
    for (const hunter of hunters) {
      expect(hunter.stream.end).toBeUndefined();
      await hunter.finish();
    }
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    const packets = checkRecorded(path, hunters);
    expect(packets).toBe(hunters.reduce((sum, { acked, packets }) => sum + acked * packets, 0));
    checkAccounts(node);
    for (const { stream } of hunters) stream.close();
  };

  test("records hunters over mutual TLS, shows live views, and no stranger gets in", async () => {
    const files = new TlsFiles();
    const path = join(scratchDirectory(), "tls.pcapng");
    const { node, hunters } = await begin(files, path);
    const view = new MockSubscriber(namedAddress(node), {}, undefined, files.security());
    const other = makeAuthority().issue({ commonName: "edge-1" });
    for (const security of [files.security(other), undefined]) {
      const stranger = new MockHunter("", connect(namedAddress(node), security));
      expect((await stranger.waitEnd()).code).toBe(14);
      stranger.close();
    }
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(50)));
    await until(() => view.batches.length > 0);
    expect(view.end).toBeUndefined();
    view.close();
    await finish(node, hunters, path);
    const log = JSON.stringify(node.lines);
    expect(log).toContain("the client's certificate is from no authority of --tls-ca");
    expect(log).toContain("what came is not TLS");
    for (const line of files.pair.key.split("\n").slice(1, -2)) expect(log).not.toContain(line);
  });

  test.each(["a change", "SIGHUP"])(
    "takes a new certificate by %s while streams go on",
    async (by) => {
      const files = new TlsFiles();
      const path = join(scratchDirectory(), "rotated.pcapng");
      const { node, hunters } = await begin(files, path);
      expect(await allShow(node, files)).toBe(true);
      const acked = hunters.map((hunter) => hunter.acked);
      const lines = node.lines.length;
      files.write(files.issue());
      if (by === "SIGHUP") node.kill("SIGHUP");
      await node.waitFor("credentials-loaded", undefined, lines);
      await until(() => allShow(node, files));
      for (const [index, hunter] of hunters.entries()) {
        await hunter.waitAcked((acked[index] ?? 0) + 20);
      }
      await finish(node, hunters, path);
    },
  );

  test("keeps what it has when the new pair is no good, and says so once", async () => {
    const files = new TlsFiles();
    const path = join(scratchDirectory(), "kept.pcapng");
    const { node, hunters } = await begin(files, path);
    const good = files.pair;
    writeFileSync(files.paths.key, files.issue().key);
    const line = await node.waitFor("credentials-broken");
    expect(line.message).toContain(`${files.paths.key} (--tls-key): it is not the key`);
    expect(line.message).toContain("stay in use");
    expect(await allShow(node, files)).toBe(true);
    const lines = node.lines.length;
    files.write(good);
    await node.waitFor("credentials-loaded", undefined, lines);
    expect(node.lines.filter(({ event }) => event === "credentials-broken").length).toBe(1);
    await finish(node, hunters, path);
  });
});

test("a shard that is started anew has the certificate that the others have by then", async () => {
  const files = new TlsFiles();
  const env = { WEIR_FAULT: "shard-throw=0" };
  const node = await startProcessor([...files.flags, "--workers", "1"], { binary: "faults", env });
  const lines = node.lines.length;
  files.write(files.issue());
  await node.waitFor("credentials-loaded", undefined, lines);
  node.kill("SIGUSR2");
  await node.waitFor("node-shard-listening");
  expect(await allShow(node, files)).toBe(true);
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
});

describe("a node does not start", () => {
  const files = new TlsFiles();
  const base = ["process", "--listen", "127.0.0.1:0"];

  test("with files that cannot be used: 78, and each with its reason", async () => {
    const other = join(files.directory, "other.key");
    writeFileSync(other, files.issue().key);
    const { certificate } = files.paths;
    const mismatch = await runWeir([...base, "--tls-cert", certificate, "--tls-key", other]);
    expect(mismatch.code).toBe(78);
    expect(mismatch.text).toContain(
      `weir process: ${other} (--tls-key): it is not the key of the certificate in ${certificate} (--tls-cert)`,
    );
    const none = join(files.directory, "none.pem");
    const missing = await runWeir([...base, "--tls-cert", none, "--tls-key", files.directory]);
    expect(missing.code).toBe(78);
    expect(missing.text).toContain(`${none} (--tls-cert): there is no such file`);
    expect(missing.text).toContain(`${files.directory} (--tls-key): it is a directory, not a file`);
  });

  const isRoot = process.getuid?.() === 0;
  const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  test.skipIf(isRoot && Bun.which("setpriv") === null)(
    "with files that its user may not read: 78, and so it says",
    async () => {
      const { certificate, key } = files.paths;
      for (const path of [certificate, key]) chmodSync(path, 0o000);
      const words = [...base, "--tls-cert", certificate, "--tls-key", key];
      const unreadable = await runWeir(words, { under: isRoot ? nobody : [], cwd: "/" });
      for (const path of [certificate, key]) chmodSync(path, 0o600);
      expect(unreadable.code).toBe(78);
      for (const flag of [`${certificate} (--tls-cert)`, `${key} (--tls-key)`]) {
        expect(unreadable.text).toContain(`${flag}: it cannot be read: permission denied`);
      }
    },
  );

  test("without TLS or --insecure, and in production without client certificates: 2", async () => {
    const neither = await runWeir(base);
    expect(neither.code).toBe(2);
    expect(neither.text).toContain("choose TLS");
    const env = { LIPPYCAT_PRODUCTION: "true" };
    const { certificate, key } = files.paths;
    for (const flags of [["--insecure"], ["--tls-cert", certificate, "--tls-key", key]]) {
      const refused = await runWeir([...base, ...flags], { env });
      expect(refused.code).toBe(2);
      expect(refused.text).toMatch(/LIPPYCAT_PRODUCTION:? demands/);
    }
  });
});

test("the key is in no process title or environment of a running node", async () => {
  const files = new TlsFiles();
  const node = await startProcessor(files.flags);
  const [, line = ""] = files.pair.key.split("\n");
  for (const name of ["cmdline", "environ"]) {
    expect(readFileSync(`/proc/${node.pid}/${name}`, "utf8")).not.toContain(line);
  }
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
});
