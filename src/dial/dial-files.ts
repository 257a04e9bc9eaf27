/** Reads the files that a client connects with: CA, certificate, key, API key. */
import { createSecureContext, type SecureContext } from "node:tls";
import { errorText, WeirError } from "../base/errors.ts";
import type { DialConfig, DialTls } from "../config/dial-config.ts";
import { expiryNotices } from "../credentials/expiry.ts";
import {
  expiryOf,
  keyDoubts,
  pemOf,
  readAuthorities,
  readOwn,
} from "../credentials/judge-credentials.ts";
import { readPemFile } from "../credentials/pem-file.ts";
import { readApiKey } from "./api-key.ts";

/** What the files of a `DialConfig` hold. It is never logged. */
export interface DialFiles {
  readonly secureContext: SecureContext | undefined;
  /** What the context was made of. */
  readonly pem: Pem;
  /** "" is none. */
  readonly apiKey: string;
  readonly warnings: readonly string[];
}

/**
 * Rejects with a WeirError `tls-files` or `api-key-file` that names what cannot be used, and why.
 * @param before what was read before: a pipe with a key can be read once only
 */
export async function readDialFiles(
  { tls, apiKeyFile }: DialConfig,
  nowMs: number,
  before?: DialFiles,
): Promise<DialFiles> {
  const security = tls === undefined ? plain : await readSecurity(tls, nowMs);
  if (apiKeyFile === "") return { ...security, apiKey: "" };
  const { key, warnings } = await readApiKey(apiKeyFile, before?.apiKey);
  return { ...security, apiKey: key, warnings: [...security.warnings, ...warnings] };
}

interface Pem {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

type Security = Pick<DialFiles, "secureContext" | "pem" | "warnings">;

const plain: Security = { secureContext: undefined, pem: {}, warnings: [] };

async function readSecurity(tls: DialTls, nowMs: number): Promise<Security> {
  const faults: string[] = [];
  const trusted = await readTrusted(tls, nowMs, faults);
  const own = await readIdentity(tls, nowMs, faults);
  if (faults.length > 0) throw new WeirError("tls-files", faults.join("; "));
  const pem = { ...trusted, ...own.pair };
  try {
    const secureContext = createSecureContext({
      ...pem,
      minVersion: "TLSv1.3",
      // What --tls-ca names counts, and not only what is at the top of its chain.
      allowPartialTrustChain: true,
    });
    return { secureContext, pem, warnings: own.warnings };
  } catch (error) {
    const text = `${tls.certFile} (--tls-cert): TLS does not accept it: ${errorText(error)}`;
    throw new WeirError("tls-files", text);
  }
}

async function readTrusted({ caFile }: DialTls, nowMs: number, faults: string[]) {
  if (caFile === "") return {};
  const all = readAuthorities(await readPemFile(caFile, "--tls-ca"), nowMs, faults);
  return { ca: pemOf(all ?? []) };
}

async function readIdentity({ certFile, keyFile }: DialTls, nowMs: number, faults: string[]) {
  if (certFile === "") return { pair: {}, warnings: [] };
  const certificate = await readPemFile(certFile, "--tls-cert");
  const keyPem = await readPemFile(keyFile, "--tls-key");
  const own = readOwn({ certificate, key: keyPem }, nowMs, faults);
  if (own === undefined) return { pair: {}, warnings: [] };
  const expiries = own.chain.map((each) => expiryOf(each, certificate.name));
  const warnings = [
    ...expiryNotices(expiries, nowMs).map(({ text }) => text),
    ...keyDoubts(keyPem),
  ];
  const uses = own.chain[0]?.keyUsage;
  if (uses !== undefined && !uses.includes(clientUse)) {
    const doubt = "the certificate is not for clients (extended key usage): nodes refuse it";
    warnings.push(`${certificate.name}: ${doubt}`);
  }
  const key = own.key.export({ type: "pkcs8", format: "pem" }).toString();
  return { pair: { cert: pemOf(own.chain), key }, warnings };
}

/** RFC 5280 section 4.2.1.12. */
const clientUse = "1.3.6.1.5.5.7.3.2";
