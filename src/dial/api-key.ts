/** Reads a client's API key from its file, and sends it with each RPC. */
import { stat } from "node:fs/promises";
import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { readBoundedFile } from "../base/bounded-file.ts";
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { exposureOf } from "../config/secret-file.ts";
import { faultWords } from "../config/text-file.ts";

/** The header that it travels in (docs/wire.md#roles). */
const header = "x-api-key";

export interface ReadApiKey {
  readonly key: string;
  readonly warnings: readonly string[];
}

/**
 * The one line of the file. No error ever shows any of it. Rejects with a WeirError `api-key-file`.
 * @param before what it was when it was read before; a pipe can be read once only
 */
export async function readApiKey(path: string, before?: string): Promise<ReadApiKey> {
  const kind = await stat(path).catch(() => undefined);
  if (before !== undefined && kind?.isFile() === false) return { key: before, warnings: [] };
  const file = await readBoundedFile(path, limits.apiKeyFileBytesMax, "any");
  if ("fault" in file) throw unusable(`${path}: ${faultWords(file, "API key file")}`);
  const key = file.bytes.toString("latin1").replace(/\r?\n$/, "");
  // What a header takes (RFC 9110 section 5.5), without spaces, which a reader would not see.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw unusable(`${path}: it must hold one line with the API key: printable ASCII, no spaces`);
  }
  const exposure = kind?.isFile() === true ? exposureOf(file) : "";
  return { key, warnings: exposure === "" ? [] : [`${path}: ${exposure}`] };
}

export function bringApiKey(key: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set(header, key);
        next(metadata, listener);
      },
    });
}

function unusable(text: string): WeirError {
  return new WeirError("api-key-file", text);
}
