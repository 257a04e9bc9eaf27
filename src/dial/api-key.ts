import { statSync } from "node:fs";
import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { exposureOf } from "../config/secret-file.ts";
import { readTextFile } from "../config/text-file.ts";

/** The header that it travels in (contract.md section 6). */
const header = "x-api-key";

export interface ReadApiKey {
  readonly key: string;
  readonly warnings: readonly string[];
}

/**
 * The one line of the file. No error ever shows any of it. Throws a WeirError `api-key-file`.
 * @param before what it was when it was read before; a pipe can be read once only
 */
export function readApiKey(path: string, before?: string): ReadApiKey {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined && kind?.isFile() === false) return { key: before, warnings: [] };
  const file = readTextFile(path, limits.apiKeyFileBytesMax, "file of an API key");
  if ("fault" in file) throw unusable(`${path}: ${file.fault}`);
  const key = file.bytes.toString("latin1").replace(/\r?\n$/, "");
  // What a header takes (RFC 9110 section 5.5), without spaces, which a reader would not see.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw unusable(`${path}: one line with the API key is expected: printable ASCII, no spaces`);
  }
  const exposure = kind?.isFile() === true ? exposureOf(kind) : "";
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
