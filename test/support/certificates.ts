/**
 * Authorities and certificates of a test, made in a millisecond: nothing that expires is part of the
 * repository. Keys are on P-256, signatures ECDSA with SHA-256 (RFC 5280, RFC 5758).
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  der,
  derBits,
  derIdentifier,
  derInteger,
  derOctets,
  derSequence,
  derSet,
  derText,
  derTime,
  derTrue,
} from "./der.ts";

/** What a certificate may be used for (RFC 5280 section 4.2.1.12); `any` has no such extension. */
export type CertificateUse = "server" | "client" | "both" | "any";

export interface CertificateOptions {
  /** The subject's common name; the first name or address when it is left out. */
  readonly commonName?: string;
  readonly names?: readonly string[];
  /** IPv4 and IPv6. */
  readonly addresses?: readonly string[];
  /** `both` when it is left out. */
  readonly use?: CertificateUse;
  /** A day ago when it is left out. */
  readonly validFrom?: Date;
  /** In ten years when it is left out. */
  readonly validTo?: Date;
}

/** A certificate with its key, PEM both; `certificate` ends with those of lower authorities, if any. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends KeyPair {
  issue(options: CertificateOptions): KeyPair;
  /** An authority below this one: what it issues comes with its certificate. */
  below(commonName: string): Authority;
}

export function makeAuthority(commonName = "Test authority"): Authority {
  const { publicKey, privateKey } = makeKeys();
  const subject = nameOf(commonName);
  const issuer = { subject, publicKey, privateKey };
  const certificate = makeCertificate(issuer, subject, publicKey, authorityExtensions, {});
  return authorityOf(issuer, certificate, "");
}

/** A certificate that no authority answers for. */
export function selfSigned(options: CertificateOptions): KeyPair {
  const { publicKey, privateKey } = makeKeys();
  const subject = subjectOf(options);
  const issuer = { subject, publicKey, privateKey };
  const extensions = leafExtensions(options);
  const certificate = makeCertificate(issuer, subject, publicKey, extensions, options);
  return { certificate, key: pemKey(privateKey) };
}

/** Writes `<name>.pem` and `<name>.key` (mode 0600) and returns their paths. */
export function writeKeyPair(directory: string, name: string, pair: KeyPair): KeyPair {
  const paths = {
    certificate: join(directory, `${name}.pem`),
    key: join(directory, `${name}.key`),
  };
  writeFileSync(paths.certificate, pair.certificate);
  writeFileSync(paths.key, pair.key, { mode: 0o600 });
  return paths;
}

interface Issuer {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** `chain` is what has to follow a certificate of this authority for its peer to get to the root. */
function authorityOf(issuer: Issuer, certificate: string, chain: string): Authority {
  return {
    certificate: certificate + chain,
    key: pemKey(issuer.privateKey),
    issue(options) {
      const { publicKey, privateKey } = makeKeys();
      const [subject, extensions] = [subjectOf(options), leafExtensions(options)];
      const issued = makeCertificate(issuer, subject, publicKey, extensions, options);
      return { certificate: issued + chain, key: pemKey(privateKey) };
    },
    below(commonName) {
      const { publicKey, privateKey } = makeKeys();
      const subject = nameOf(commonName);
      const issued = makeCertificate(issuer, subject, publicKey, authorityExtensions, {});
      return authorityOf({ subject, publicKey, privateKey }, issued, issued + chain);
    },
  };
}

function makeKeys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

const ecdsaWithSha256 = derSequence(derIdentifier("1.2.840.10045.4.3.2"));

/** RFC 5280 section 4.1. */
function makeCertificate(
  issuer: Issuer,
  subject: Buffer,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  { validFrom, validTo }: CertificateOptions,
): string {
  const dayMs = 86_400_000;
  const from = validFrom ?? new Date(Date.now() - dayMs);
  const to = validTo ?? new Date(Date.now() + 3650 * dayMs);
  const all = [
    extension("2.5.29.14", false, derOctets(keyIdentifier(publicKey))),
    extension("2.5.29.35", false, derSequence(der(0x80, keyIdentifier(issuer.publicKey)))),
    ...extensions,
  ];
  const signed = derSequence(
    der(0xa0, derInteger(2)),
    derInteger(1, ...randomBytes(15)),
    ecdsaWithSha256,
    issuer.subject,
    derSequence(derTime(from), derTime(to)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, derSequence(...all)),
  );
  const signature = derBits(sign("sha256", signed, issuer.privateKey));
  return pem("CERTIFICATE", derSequence(signed, ecdsaWithSha256, signature));
}

const authorityExtensions: readonly Buffer[] = [
  extension("2.5.29.19", true, derSequence(derTrue)),
  // keyCertSign and cRLSign
  extension("2.5.29.15", true, derBits(Buffer.from([0b0000_0110]), 1)),
];

const uses: Readonly<Record<CertificateUse, readonly string[]>> = {
  server: ["1.3.6.1.5.5.7.3.1"],
  client: ["1.3.6.1.5.5.7.3.2"],
  both: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
  any: [],
};

function leafExtensions({ names = [], addresses = [], use = "both" }: CertificateOptions) {
  // digitalSignature
  const extensions = [extension("2.5.29.15", true, derBits(Buffer.from([0b1000_0000]), 7))];
  const purposes = uses[use].map(derIdentifier);
  if (purposes.length > 0) extensions.push(extension("2.5.29.37", false, derSequence(...purposes)));
  const subjects = [
    ...names.map((name) => der(0x82, Buffer.from(name))),
    ...addresses.map((address) => der(0x87, addressBytes(address))),
  ];
  if (subjects.length > 0) extensions.push(extension("2.5.29.17", false, derSequence(...subjects)));
  return extensions;
}

function extension(identifier: string, critical: boolean, value: Buffer): Buffer {
  return derSequence(derIdentifier(identifier), ...(critical ? [derTrue] : []), derOctets(value));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function subjectOf({ commonName, names = [], addresses = [] }: CertificateOptions): Buffer {
  return nameOf(commonName ?? [...names, ...addresses][0] ?? "nameless");
}

function nameOf(commonName: string): Buffer {
  return derSequence(derSet(derSequence(derIdentifier("2.5.4.3"), derText(commonName))));
}

function addressBytes(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groupsOf = (text: string) => (text === "" ? [] : text.split(":"));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function pemKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
