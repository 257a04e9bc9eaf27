/**
 * A lock that the kernel takes back when its process ends, however it ends: flock(2), by bun:ffi,
 * since neither Node nor Bun offers it. Abstract sockets would be per network namespace, and a file
 * with a process id goes stale; the latter is the fallback where flock cannot be had.
 */
import { dlopen, FFIType, read } from "bun:ffi";
import { readFileSync } from "node:fs";
import { WeirError } from "../base/errors.ts";

export interface LockHolder {
  readonly pid: number;
  /** When that process started, by the system's own clock; "" where it is not known. */
  readonly start: string;
}

const exclusive = 2;
const nonBlocking = 4;
const unlock = 8;
const wouldBlock: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 11, darwin: 35 };

/**
 * Locks an open file. False when another process has it.
 *
 * @param holder what the file says about its last owner; used only where flock is not to be had
 */
export function lockFile(fd: number, holder: LockHolder | undefined): boolean {
  const answer = flockFile(fd);
  if (answer !== "unsupported") return answer === "locked";
  return holder === undefined || !isAlive(holder);
}

export type FlockAnswer = "locked" | "taken" | "unsupported";

export function flockFile(fd: number): FlockAnswer {
  const library = openLibrary();
  if (library === undefined) return "unsupported";
  if (library.flock(fd, exclusive | nonBlocking) === 0) return "locked";
  return library.errno() === wouldBlock[process.platform] ? "taken" : "unsupported";
}

/** Gives the lock of an open file up, for all descriptors that were made from this one. */
export function unlockFile(fd: number): void {
  openLibrary()?.flock(fd, unlock);
}

/** @param pid of the process that has it, when that is known */
export function fileInUse(path: string, pid: number | undefined): WeirError {
  const who = pid === undefined ? "another process" : `another node (process ${pid})`;
  return new WeirError("file-in-use", `${path} is being written by ${who}`);
}

interface Library {
  flock(fd: number, operation: number): number;
  errno(): number;
}

const libraryNames: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

let opened: Library | undefined;

function openLibrary(): Library | undefined {
  if (opened !== undefined) return opened;
  const errnoName = process.platform === "darwin" ? "__error" : "__errno_location";
  for (const name of libraryNames[process.platform] ?? []) {
    try {
      const { symbols } = dlopen(name, {
        flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
        [errnoName]: { args: [], returns: FFIType.ptr },
      });
      const flock = symbols["flock"] as unknown as Library["flock"];
      const location = symbols[errnoName] as unknown as () => Parameters<typeof read.i32>[0];
      opened = { flock, errno: () => read.i32(location()) };
      return opened;
    } catch {
      // Another C library has another name.
    }
  }
  return undefined;
}

/** Process ids are used again: the same process has the same start time. */
function isAlive(holder: LockHolder): boolean {
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return false;
  }
  const start = processStart(holder.pid);
  return start === "" || holder.start === "" || start === holder.start;
}

/** Field 22 of /proc/pid/stat (proc(5)): clock ticks from boot to the start of the process. */
export function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
