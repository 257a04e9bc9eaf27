import { createSecureContext, type SecureContext } from "node:tls";
import { errorText, WeirError } from "../base/errors.ts";
import type { DialConfig, DialTls } from "../config/dial-config.ts";
import { limits } from "../config/limits.ts";
import { doubtfulMode } from "../config/secret-file.ts";
import { readTextFile } from "../config/text-file.ts";
import { readApiKey } from "./api-key.ts";

/** What the files of a `DialConfig` hold. It is never logged. */
export interface DialFiles {
  readonly secureContext: SecureContext | undefined;
  /** "" is none. */
  readonly apiKey: string;
  readonly warnings: readonly string[];
}

/**
 * Rejects with a WeirError `credentials-unusable` that names the file.
 * @param before what was read before: a pipe with a key can be read once only
 */
export async function readDialFiles(
  { tls, apiKeyFile }: DialConfig,
  before?: DialFiles,
): Promise<DialFiles> {
  const secrets = [tls?.keyFile ?? "", apiKeyFile].filter((path) => path !== "");
  return {
    secureContext: tls === undefined ? undefined : await readSecureContext(tls),
    apiKey: apiKeyFile === "" ? "" : readApiKey(apiKeyFile, before?.apiKey),
    warnings: secrets.flatMap((path) => doubtfulMode(path) ?? []),
  };
}

async function readSecureContext({ caFile, certFile, keyFile }: DialTls): Promise<SecureContext> {
  const own = certFile === "" ? {} : { cert: read(certFile), key: read(keyFile) };
  const trusted = caFile === "" ? {} : { ca: read(caFile) };
  try {
    return createSecureContext({ ...trusted, ...own, minVersion: "TLSv1.3" });
  } catch (error) {
    throw new WeirError("credentials-unusable", errorText(error));
  }
}

function read(path: string): Buffer {
  const file = readTextFile(path, limits.pemFileBytesMax, "PEM file");
  if ("refusal" in file) throw new WeirError("credentials-unusable", `${path}: ${file.refusal}`);
  return file.bytes;
}
