/** What becomes of a hunt when its certificate and key change, or are wrong. */
import { afterAll, afterEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { makeAuthority, writeKeyPair } from "../../support/certificates.ts";
import { numberedPcap } from "./capture-files.ts";
import { FakeProcessor } from "./fake-processor.ts";
import { captureFile, removeCaptureFiles, startHunt } from "./hunt-harness.ts";

const host = "127.0.0.1";
const directory = mkdtempSync(join(tmpdir(), "weir-hunt-tls-"));
const authority = makeAuthority();
const caFile = join(directory, "ca.pem");
writeFileSync(caFile, authority.certificate);
const server = authority.issue({ addresses: [host] });
const edge = authority.issue({ commonName: "edge-1", use: "client" });

let processor = new FakeProcessor();
afterAll(removeCaptureFiles);
afterEach(() => {
  processor.kill();
  processor = new FakeProcessor();
});

/** A processor that demands certificates of the authority. Its port. */
function startMutual(port = 0): Promise<number> {
  const own = {
    cert_chain: Buffer.from(server.certificate),
    private_key: Buffer.from(server.key),
  };
  const ca = Buffer.from(authority.certificate);
  return processor.start(port, ServerCredentials.createSsl(ca, [own], true));
}

function startEdge(port: number, name: string) {
  const { certificate, key } = writeKeyPair(directory, name, edge);
  const tls = { caFile, certFile: certificate, keyFile: key, skipVerify: false };
  const hunt = () =>
    startHunt({
      read: captureFile(numberedPcap(30)),
      processor: { host, port },
      dial: { tls, apiKeyFile: "" },
    });
  return { certificate, key, hunt };
}

test("files that cannot be used any more are told, and the connection is made with those before", async () => {
  const port = await startMutual();
  const { certificate, hunt: start } = startEdge(port, "replaced");
  processor.onBatch = () => {};
  const hunt = start();
  await processor.until(() => processor.received.length > 0);
  writeFileSync(certificate, "not a certificate");
  processor.kill();
  processor = new FakeProcessor();
  await startMutual(port);
  expect(await hunt.exitCode).toBe(0);
  const told = hunt.lines.filter((line) =>
    line.includes("connecting with the files that were read before"),
  );
  expect(told.length).toBeGreaterThan(0);
  expect(told[0]).toContain(`${certificate} (--tls-cert): it holds no certificate`);
  expect(new Set(processor.numbers).size).toBe(30);
});

test("a key that others may read is a warning; one that does not fit is no hunt at all", async () => {
  const port = await startMutual();
  const { key, hunt: start } = startEdge(port, "doubtful");
  chmodSync(key, 0o644);
  const hunt = start();
  expect(await hunt.exitCode).toBe(0);
  expect(hunt.lines[0]).toContain(
    `${key} (--tls-key): other users can read this secret (mode 0644); run chmod 600 on the file`,
  );
  writeFileSync(key, server.key);
  await expect(start().exitCode).rejects.toThrow(`${key} (--tls-key): it is not the key of`);
});
