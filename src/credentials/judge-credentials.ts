/** What is in the files of a node's TLS: whether it can be used, and what is to be said of it. */
import type { KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TlsConfig } from "../config/tls-config.ts";
import type { Expiry } from "./expiry.ts";
import type { PemFile } from "./pem-file.ts";
import {
  libraryFault,
  readCertificates,
  readKey,
  subjectOf,
  validityFault,
} from "./read-certificates.ts";
import type { ServerCredentials } from "./server-credentials.ts";

export interface CredentialFiles {
  readonly certificate: PemFile;
  readonly key: PemFile;
  /** Undefined when no client certificates are asked for. */
  readonly authorities: PemFile | undefined;
}

export interface SoundCredentials {
  readonly credentials: ServerCredentials;
  readonly expiries: readonly Expiry[];
  /** What clients may not like about the certificate; who else may use the key. */
  readonly warnings: readonly string[];
  /** Of the node's certificate: subject, and SHA-256 in 64 hexadecimal digits. */
  readonly subject: string;
  readonly fingerprint: string;
}

export interface UnusableCredentials {
  /** Each names its file and the reason. */
  readonly faults: readonly string[];
}

/** Never throws: what is in a file is nothing that could end a node that runs. */
export function judgeCredentials(
  config: TlsConfig,
  files: CredentialFiles,
  nowMs: number,
): SoundCredentials | UnusableCredentials {
  try {
    return judge(config, files, nowMs);
  } catch (error) {
    const { certificate, key } = files;
    return { faults: [`${certificate.name} or ${key.name}: ${libraryFault(error)}`] };
  }
}

function judge(
  config: TlsConfig,
  files: CredentialFiles,
  nowMs: number,
): SoundCredentials | UnusableCredentials {
  const faults: string[] = [];
  const own = readOwn(files, nowMs, faults);
  const authorities = readAuthorities(files.authorities, nowMs, faults);
  if (own === undefined || authorities === undefined || faults.length > 0) return { faults };
  const { chain, key } = own;
  const credentials: ServerCredentials = {
    certificate: pemOf(chain),
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
    authorities: pemOf(authorities),
    clientAuth: config.clientAuth,
    minVersion: config.minVersion,
  };
  const refusal = contextFault(credentials);
  if (refusal !== "") return { faults: [`${files.certificate.name}: ${refusal}`] };
  const leaf = chain[0] as X509Certificate;
  const expiries = [
    ...chain.map((certificate) => expiryOf(certificate, files.certificate.name)),
    ...authorities.map((certificate) => expiryOf(certificate, files.authorities?.name ?? "")),
  ];
  return {
    credentials,
    expiries,
    warnings: [
      ...doubts(leaf).map((doubt) => `${files.certificate.name}: ${doubt}`),
      ...keyDoubts(files.key),
    ],
    subject: subjectOf(leaf),
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** The chain, its own certificate first; undefined, and a fault, when it or its key is no good. */
export function readOwn(
  { certificate: file, key: keyFile }: Pick<CredentialFiles, "certificate" | "key">,
  nowMs: number,
  faults: string[],
): { readonly chain: X509Certificate[]; readonly key: KeyObject } | undefined {
  const chain = file.fault === "" ? readCertificates(file.text) : file;
  const key = keyFile.fault === "" ? readKey(keyFile.text) : keyFile;
  if ("fault" in chain) faults.push(`${file.name}: ${chain.fault}`);
  if ("fault" in key) faults.push(`${keyFile.name}: ${key.fault}`);
  if ("fault" in chain || "fault" in key) return undefined;
  const leaf = chain[0] as X509Certificate;
  if (!leaf.checkPrivateKey(key)) {
    faults.push(`${keyFile.name}: it is not the key of the certificate in ${file.name}`);
  }
  for (const certificate of chain) {
    const fault = validityFault(certificate, nowMs);
    if (fault !== "") faults.push(`${file.name}: ${subjectOf(certificate)} ${fault}`);
  }
  return { chain, key };
}

/**
 * Undefined, and a fault, when there is none to use; those that have expired harm nobody. What else is
 * in the file is left out: an authority counts also without the one above it, and so would a leaf.
 */
export function readAuthorities(
  file: PemFile | undefined,
  nowMs: number,
  faults: string[],
): X509Certificate[] | undefined {
  if (file === undefined) return [];
  const all = file.fault === "" ? readCertificates(file.text) : file;
  if ("fault" in all) {
    faults.push(`${file.name}: ${all.fault}`);
    return undefined;
  }
  const found = all.filter(({ ca }) => ca);
  const [first] = found;
  if (first === undefined) {
    const leaf = subjectOf(all[0] as X509Certificate);
    faults.push(
      `${file.name}: ${leaf} is not a CA certificate (basic constraints); name the file with the CA certificate`,
    );
    return undefined;
  }
  const judged = found.map((certificate) => validityFault(certificate, nowMs));
  if (judged.every((fault) => fault !== "")) {
    faults.push(`${file.name}: ${subjectOf(first)} ${judged[0]}`);
  }
  return found;
}

/** What TLS itself says against them, such as a key that is too short; "" when nothing. */
function contextFault({ certificate, key, authorities }: ServerCredentials): string {
  try {
    createSecureContext({
      cert: certificate,
      key,
      ...(authorities === "" ? {} : { ca: authorities }),
    });
    return "";
  } catch (error) {
    return `TLS does not accept it: ${libraryFault(error)}`;
  }
}

const serverUse = "1.3.6.1.5.5.7.3.1";

/** RFC 9525 section 1.1: names count only as subjectAltName. RFC 5280 section 4.2.1.12: uses. */
function doubts({ subjectAltName, keyUsage }: X509Certificate): string[] {
  const found: string[] = [];
  if ((subjectAltName ?? "") === "") {
    found.push("the certificate has no subjectAltName: clients that check names refuse it");
  }
  if (keyUsage !== undefined && !keyUsage.includes(serverUse)) {
    found.push("the certificate is not for servers (extended key usage): clients refuse it");
  }
  return found;
}

export function keyDoubts({ name, exposure }: PemFile): string[] {
  return exposure === "" ? [] : [`${name}: ${exposure}`];
}

/** Only what was judged, and not what else the file may hold. */
export function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join("");
}

export function expiryOf(certificate: X509Certificate, file: string): Expiry {
  return {
    name: `${subjectOf(certificate)} of ${file}`,
    validToMs: Date.parse(certificate.validTo),
  };
}
