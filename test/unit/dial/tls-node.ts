import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { connectNode } from "../../../src/client/connect.ts";
import type { DialConfig } from "../../../src/config/dial-config.ts";
import type { Endpoint } from "../../../src/config/endpoint.ts";
import { createDialer, type Dialer } from "../../../src/dial/dialer.ts";
import { type KeyPair, makeAuthority } from "../../support/certificates.ts";
import { FakeNode } from "../../support/fake-node.ts";

/** The authority that the nodes and the clients of these tests trust. */
export const authority = makeAuthority();

/** Left to the system's cleaner: several test files have it. */
const scratch = mkdtempSync(join(tmpdir(), "weir-dial-"));
let files = 0;

export function writeFile(text: string, mode = 0o600): string {
  files += 1;
  const path = join(scratch, `file${files}`);
  writeFileSync(path, text, { mode });
  return path;
}

const caFile = writeFile(authority.certificate);

/** TLS with the authority of these tests, and `changes`. */
export function dialTls(changes: Partial<NonNullable<DialConfig["tls"]>> = {}): DialConfig {
  const tls = { caFile, certFile: "", keyFile: "", skipVerify: false, ...changes };
  return { tls, apiKeyFile: "" };
}

/** With a certificate of our own. */
export function dialAs({ certificate, key }: KeyPair): DialConfig {
  return dialTls({ certFile: writeFile(certificate), keyFile: writeFile(key) });
}

/** A node that has `pair`; `mutual` demands certificates of the authority of these tests. */
export function startTlsNode(pair: KeyPair, mutual = false, host?: string): Promise<FakeNode> {
  const own = { cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.key) };
  const ca = Buffer.from(authority.certificate);
  return FakeNode.start(ServerCredentials.createSsl(ca, [own], mutual), host);
}

/** What one question brings: `answered`, or why not, with HOST for what was dialled. */
export async function ask(dialer: Dialer): Promise<string> {
  const node = connectNode(dialer, 5000);
  try {
    await node.management.getFilters({});
    return "answered";
  } catch (error) {
    return String((error as Error).message).replace(dialer.address, "HOST");
  } finally {
    node.close();
  }
}

export async function dialAndAsk(endpoint: Endpoint, config: DialConfig): Promise<string> {
  return ask(await createDialer(endpoint, config));
}
