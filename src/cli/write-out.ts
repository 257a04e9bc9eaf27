/** Data on stdout, whole. */
import { write } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { errorText, systemCode, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

const stdoutFd = 1;
const writeBytes = promisify(write);

/**
 * All of `text` to stdout, at the pace of whoever reads it: nothing may be left out of data. Ends
 * quietly when the reader has left (`| head`), and throws when the output cannot be written.
 */
export async function writeOut(text: string): Promise<void> {
  const bytes = Buffer.from(text.endsWith("\n") ? text : `${text}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      const { bytesWritten } = await writeBytes(stdoutFd, bytes, at, bytes.length - at, null);
      at += bytesWritten;
    } catch (error) {
      const code = systemCode(error);
      if (code === "EPIPE") return;
      // A pipe that its owner made non-blocking, and full.
      if (code === "EAGAIN") await sleep(limits.clientWriteRetryMs);
      else throw new WeirError("output-unwritable", `cannot write to stdout: ${errorText(error)}`);
    }
  }
}
