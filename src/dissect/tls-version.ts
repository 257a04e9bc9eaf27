/** Versions as IANA and RFC 8446 number them, with the name that people and JA4 have for them. */
const versions: ReadonlyMap<number, readonly [name: string, ja4: string]> = new Map([
  [0x0300, ["SSL 3.0", "s3"]],
  [0x0301, ["TLS 1.0", "10"]],
  [0x0302, ["TLS 1.1", "11"]],
  [0x0303, ["TLS 1.2", "12"]],
  [0x0304, ["TLS 1.3", "13"]],
]);

export const tls12 = 0x0303;

/** First bytes of the versions of TLS 1.3 before it was one: of its drafts, and of Facebook's of them. */
const draftBytes = [0x7f, 0xfb];

/** `TLS 1.3`, `TLS 1.3 draft 28`, or `0x1234`. */
export function tlsVersionName(version: number): string {
  if (draftBytes.includes(version >>> 8)) return `TLS 1.3 draft ${version & 0xff}`;
  return versions.get(version)?.[0] ?? `0x${version.toString(16).padStart(4, "0")}`;
}

/** Two characters of a JA4 fingerprint; `00` for a version that is not in its specification. */
export function ja4Version(version: number): string {
  return versions.get(version)?.[1] ?? "00";
}

/** Numbers that clients send to keep servers used to unknown ones (RFC 8701). */
export function isGrease(number: number): boolean {
  return (number & 0x0f0f) === 0x0a0a && number >>> 8 === (number & 0xff);
}

/** The version that a hello stands for: the highest of supported_versions, or that of its own field. */
export function helloVersion(legacyVersion: number, supportedVersions: readonly number[]): number {
  let highest = 0;
  for (const version of supportedVersions) {
    if (version > highest && !isGrease(version)) highest = version;
  }
  return highest === 0 ? legacyVersion : highest;
}
