/** Writes lines to a file descriptor without blocking. */
import { write } from "node:fs";
import { systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

/** Takes lines and never blocks the caller. */
export interface LineWriter {
  /** `line` is without its newline. */
  write(line: string): void;
  /** Lines that were dropped so far. */
  droppedLines(): number;
  /** Ends when all was written, when writing has become impossible, or after `logFlushMsMax`. */
  flush(): Promise<void>;
}

export interface LineWriterOptions {
  readonly fd: number;
  readonly bytesMax?: number;
  /** The line that reports `count` dropped lines, once there is room again. */
  readonly droppedLine: (count: number) => string;
}

const retryMs = 20;

/**
 * Lines to a file descriptor through asynchronous writes, one at a time, joined while one is
 * under way. A terminal, pipe or journal that does not take them fills the buffer, and then
 * lines are dropped and counted: logging must not stall a thread (docs/architecture.md#threads).
 */
export function createLineWriter(options: LineWriterOptions): LineWriter {
  const bytesMax = options.bytesMax ?? limits.logBufferBytesMax;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** Since the last line that told of it, and since the start. */
  let dropped = 0;
  let droppedEver = 0;
  let busy = false;
  let dead = false;
  let idle: PromiseWithResolvers<void> | undefined;

  function push(line: string): boolean {
    const bytes = Buffer.from(`${line}\n`);
    if (waitingBytes + bytes.length > bytesMax) return false;
    waiting.push(bytes);
    waitingBytes += bytes.length;
    return true;
  }

  function next(): void {
    if (dropped > 0 && push(options.droppedLine(dropped))) dropped = 0;
    if (waiting.length === 0 || dead) {
      busy = false;
      idle?.resolve();
      idle = undefined;
      return;
    }
    busy = true;
    let count = 0;
    let bytes = 0;
    for (const line of waiting) {
      if (count > 0 && bytes + line.length > limits.logWriteBytesMax) break;
      count += 1;
      bytes += line.length;
    }
    writeAll(Buffer.concat(waiting.splice(0, count)));
  }

  function writeAll(bytes: Buffer): void {
    write(options.fd, bytes, (error, written) => {
      if (error !== null && systemCode(error) === "EAGAIN") {
        // A pipe that its owner made non-blocking, and full.
        setTimeout(() => writeAll(bytes), retryMs);
        return;
      }
      if (error !== null) {
        dead = true;
        waiting = [];
      } else {
        waitingBytes -= written;
        if (written < bytes.length) {
          writeAll(bytes.subarray(written));
          return;
        }
      }
      next();
    });
  }

  return {
    write(line: string): void {
      if (dead) return;
      if (dropped > 0 || !push(line)) {
        dropped += 1;
        droppedEver += 1;
      }
      if (!busy) next();
    },
    droppedLines: () => droppedEver,
    async flush(): Promise<void> {
      if (!busy) return;
      idle ??= Promise.withResolvers<void>();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, limits.logFlushMsMax);
      await Promise.race([idle.promise, late.promise]);
      clearTimeout(timer);
    },
  };
}
