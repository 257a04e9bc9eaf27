import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorText, systemCode } from "../base/errors.ts";
import type { Fault } from "./value-kinds.ts";

/** A file as errors name it, and its bytes. */
export interface TextFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export interface TextFileFault extends Fault {
  /** That there is no such file. */
  readonly missing: boolean;
}

const chunkBytes = 64 * 1024;

/**
 * Read a file, a pipe or a device, of `bytesMax` at most. What goes wrong is words that follow the
 * path; `what` is what the file should be: "configuration file".
 */
export function readTextFile(
  path: string,
  bytesMax: number,
  what: string,
): TextFile | TextFileFault {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const code = systemCode(error);
    const missing = code === "ENOENT" || code === "ENOTDIR";
    return { missing, fault: `cannot read the ${what}: ${errorText(error)}` };
  }
  try {
    if (fstatSync(fd).isDirectory()) return faultOf(`is a directory, not a ${what}`);
    const bytes = readAtMost(fd, bytesMax + 1);
    if (bytes.length <= bytesMax) return { path, bytes };
    return faultOf(`is larger than ${bytesMax.toLocaleString("en-US")} bytes`);
  } catch (error) {
    return faultOf(`cannot read the ${what}: ${errorText(error)}`);
  } finally {
    closeSync(fd);
  }
}

function faultOf(text: string): TextFileFault {
  return { missing: false, fault: text };
}

/** Up to the end or `bytesMax`: a pipe has no size, and a device may have no end. */
function readAtMost(fd: number, bytesMax: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < bytesMax) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytesMax - length));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  return Buffer.concat(chunks);
}
