/** Reads a PEM file of limited size. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { exposureOf } from "../config/secret-file.ts";

/** A file with a certificate, a key or authorities: its text, or why there is none. */
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
  const name = `${path} (${flag})`;
  try {
    return { name, ...(await readText(path)) };
  } catch (error) {
    return { name, text: "", fault: readFault(error), exposure: "" };
  }
}

async function readText(path: string): Promise<Omit<PemFile, "name">> {
  const refuse = (fault: string) => ({ text: "", fault, exposure: "" });
  // Before it is opened: a pipe would wait for its writer.
  const kind = await stat(path);
  if (kind.isDirectory()) return refuse("is a directory, not a file");
  if (!kind.isFile()) return refuse("is not a regular file, and could not be read again");
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const buffer = Buffer.alloc(limits.credentialFileBytesMax + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > limits.credentialFileBytesMax) {
      const most = limits.credentialFileBytesMax.toLocaleString("en-US");
      return refuse(`is larger than ${most} bytes`);
    }
    if (length === 0) return refuse("is empty");
    // DER begins with a SEQUENCE (X.690 section 8.9), which is no letter of PEM.
    if (buffer[0] === 0x30) return refuse("is DER, not PEM: convert it with openssl");
    const text = buffer.toString("latin1", 0, length);
    return { text, fault: "", exposure: exposureOf(kind) };
  } finally {
    await handle?.close();
  }
}

function readFault(error: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    ENOTDIR: "there is no such file",
    EACCES: "it cannot be read: permission denied",
    EPERM: "it cannot be read: permission denied",
    ELOOP: "it cannot be read: a link that leads nowhere",
  };
  return reasons[systemCode(error)] ?? `it cannot be read: ${errorText(error)}`;
}
