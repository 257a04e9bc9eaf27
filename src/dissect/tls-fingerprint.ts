/**
 * Fingerprints of TLS hellos: JA3 and JA3S (Salesforce, 2017: decimal lists, MD5) and JA4 (FoxIO,
 * its technical details: sorted hexadecimal lists, SHA-256). Numbers of RFC 8701 do not count.
 */
import { createHash } from "node:crypto";
import { extensionType, type TlsExtensions } from "./tls-extensions.ts";
import { helloVersion, isGrease, ja4Version } from "./tls-version.ts";

/** Version, cipher suites, extensions, groups and point formats of a ClientHello. */
export function ja3Of(
  legacyVersion: number,
  cipherSuites: readonly number[],
  extensions: TlsExtensions,
): string {
  const lists = [cipherSuites, extensions.types, extensions.supportedGroups].map(withoutGrease);
  const fields = [[legacyVersion], ...lists, extensions.pointFormats];
  return md5(fields.map((numbers) => numbers.join("-")).join(","));
}

/** Version, cipher suite and extensions of a ServerHello. */
export function ja3sOf(
  legacyVersion: number,
  cipherSuite: number,
  extensions: TlsExtensions,
): string {
  return md5(`${legacyVersion},${cipherSuite},${extensions.types.join("-")}`);
}

/** JA4 of a ClientHello over TCP. */
export function ja4Of(
  legacyVersion: number,
  cipherSuites: readonly number[],
  extensions: TlsExtensions,
): string {
  const ciphers = withoutGrease(cipherSuites);
  const types = withoutGrease(extensions.types);
  const version = ja4Version(helloVersion(legacyVersion, extensions.supportedVersions));
  const destination = types.includes(extensionType.serverName) ? "d" : "i";
  const counts = count(ciphers) + count(types);
  const first = `t${version}${destination}${counts}${alpnEnds(extensions.alpn[0])}`;
  const { serverName, alpn } = extensionType;
  const hashed = types.filter((type) => type !== serverName && type !== alpn);
  const algorithms = withoutGrease(extensions.signatureAlgorithms).map(hex4).join(",");
  const suffix = algorithms === "" ? "" : `_${algorithms}`;
  return `${first}_${hashSorted(ciphers, "")}_${hashSorted(hashed, suffix)}`;
}

function withoutGrease(numbers: readonly number[]): number[] {
  return numbers.filter((number) => !isGrease(number));
}

function count(numbers: readonly number[]): string {
  return String(Math.min(numbers.length, 99)).padStart(2, "0");
}

/** SHA-256 of the sorted list with `suffix`, its first 12 digits; zeros for an empty list. */
function hashSorted(numbers: readonly number[], suffix: string): string {
  if (numbers.length === 0) return "000000000000";
  const sorted = numbers.toSorted((one, other) => one - other);
  const list = sorted.map(hex4).join(",");
  return createHash("sha256").update(`${list}${suffix}`).digest("hex").slice(0, 12);
}

/** First and last character of a protocol's name; of its hexadecimal form when one is no letter or digit. */
function alpnEnds(name: Uint8Array | undefined): string {
  if (name === undefined || name.length === 0) return "00";
  const ends = String.fromCharCode(name[0] as number, name.at(-1) as number);
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends;
  const digits = Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("hex");
  return digits.slice(0, 1) + digits.slice(-1);
}

function hex4(number: number): string {
  return number.toString(16).padStart(4, "0");
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
