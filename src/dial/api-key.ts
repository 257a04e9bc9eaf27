import { statSync } from "node:fs";
import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { readTextFile } from "../config/text-file.ts";

/** The header that it travels in (contract.md section 6). */
const header = "x-api-key";

/**
 * The one line of the file. No error ever shows any of it. Throws a WeirError `api-key-file`.
 * @param before what it was when it was read before; a pipe can be read once only
 */
export function readApiKey(path: string, before?: string): string {
  if (before !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    return before;
  }
  const file = readTextFile(path, limits.apiKeyFileBytesMax, "file of an API key");
  if ("refusal" in file) throw unusable(`${path}: ${file.refusal}`);
  const key = file.bytes.toString("latin1").replace(/\r?\n$/, "");
  // What a header takes (RFC 9110 section 5.5), without spaces, which a reader would not see.
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw unusable(`${path}: one line with the API key is expected: printable ASCII, no spaces`);
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
