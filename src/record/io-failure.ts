/** Tells failures of disks from faults of the program. */
import { statfsSync } from "node:fs";
import { systemCode, WeirError } from "../base/errors.ts";

/** True for what a disk or a file system can do to us; anything else is a fault of the program. */
export function isIoFailure(error: unknown): boolean {
  if (error instanceof WeirError) return true;
  const code = systemCode(error);
  return /^E[A-Z0-9]+$/.test(code);
}

const passing = new Set(["ENOSPC", "EDQUOT", "ENOMEM", "EAGAIN", "EINTR", "EMFILE", "ENFILE"]);

/** True when the same file can be written to again once the cause is gone. */
export function isPassing(error: unknown): boolean {
  if (error instanceof WeirError) return error.retryable;
  return passing.has(systemCode(error));
}

/** True when closing another file may help. */
export function isOutOfDescriptors(error: unknown): boolean {
  return ["EMFILE", "ENFILE"].includes(systemCode(error));
}

/** Bytes that this user may still write there; undefined when the system does not say. */
export function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
