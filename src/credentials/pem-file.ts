/** A file with a certificate, a key or authorities. */
import { type FileContent, readBoundedFile } from "../base/bounded-file.ts";
import { limits } from "../config/limits.ts";
import { exposureOf } from "../config/secret-file.ts";

/** Its text, or why there is none. */
export interface PemFile {
  /** As errors name it: `/etc/weir/node.pem (--tls-cert)`. */
  readonly name: string;
  /** "" when `fault` says why. */
  readonly text: string;
  /** In words that follow the name; "" when there is none. */
  readonly fault: string;
  /** Of a file with a key: who else may use it, in such words; "" when nobody may. */
  readonly exposure: string;
}

/** Reads the file at `path`, which `flag` named. Never rejects. */
export async function readPemFile(path: string, flag: string): Promise<PemFile> {
  const content = await readBoundedFile(path, limits.credentialFileBytesMax, "regular");
  return pemFile(content, path, flag);
}

/** What was read at `path`. */
export function pemFile(content: FileContent, path: string, flag: string): PemFile {
  const name = `${path} (${flag})`;
  const fault = "fault" in content ? content.fault : pemFault(content.bytes);
  if (fault !== "" || "fault" in content) return { name, text: "", fault, exposure: "" };
  return { name, text: content.bytes.toString("latin1"), fault, exposure: exposureOf(content) };
}

function pemFault(bytes: Buffer): string {
  if (bytes.length === 0) return "it is empty";
  // DER begins with a SEQUENCE (X.690 section 8.9), which is no letter of PEM.
  return bytes[0] === 0x30 ? "it is DER, not PEM: convert it with openssl" : "";
}
