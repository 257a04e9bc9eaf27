/** Files of clients of a node with TLS, as flags name them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KeyPair, writeKeyPair } from "./certificates.ts";
import { scratchDirectory } from "./weir-process.ts";

/** Flags of a client that trusts `authority`, and shows `own` if there is one. */
export function clientFlags(authority: { readonly certificate: string }, own?: KeyPair): string[] {
  const directory = scratchDirectory();
  const ca = join(directory, "ca.pem");
  writeFileSync(ca, authority.certificate);
  if (own === undefined) return ["--tls-ca", ca];
  const { certificate, key } = writeKeyPair(directory, "client", own);
  return ["--tls-ca", ca, "--tls-cert", certificate, "--tls-key", key];
}
