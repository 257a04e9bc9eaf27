/** What becomes of a capture file that is there at start (docs/recording.md#at-start). */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { basename } from "node:path";
import { systemCode, WeirError } from "../base/errors.ts";
import { foreignFile } from "../base/file-owner.ts";
import { limits } from "../config/limits.ts";
import { fileIdentity } from "./capture-file.ts";
import { type CaptureScan, scanPcap, scanPcapng } from "./capture-scan.ts";
import { asidePath, type CaptureName } from "./file-names.ts";
import { FileWindow } from "./file-window.ts";
import { fileInUse, flockFile, unlockFile } from "./lock.ts";
import type { CaptureFormat } from "./recorder-config.ts";
import { type SideState, sideCheck, sideCheckBytes } from "./side-file.ts";
import { isTornTail } from "./torn-tail.ts";

export type Recovery =
  /** There is no file, or an empty one. */
  | { readonly action: "create" }
  /** Its whole records end where the file ends now; `tornBytes` were cut. */
  | {
      readonly action: "continue";
      readonly tornBytes: number;
      readonly linkType: number;
      /** Of its last pcapng section; undefined when a new section must begin (`CaptureScan`). */
      readonly interfaces: number | undefined;
    }
  | { readonly action: "set-aside"; readonly reason: string };

/**
 * Looks at the file and cuts its torn tail. Never throws for what stands in the file; throws
 * `file-in-use`, and the system's error when it cannot be opened for writing.
 */
export function recoverFile(
  path: string,
  format: CaptureFormat,
  side: SideState | undefined,
): Recovery {
  let fd: number;
  try {
    fd = openSync(path, "r+");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { action: "create" };
    throw error;
  }
  try {
    return recoverOpen(fd, path, format, side);
  } finally {
    unlockFile(fd);
    closeSync(fd);
  }
}

/** A file of another user is left alone: its owner reads what is recorded there. */
function refuseForeign(fd: number, path: string): void {
  const foreign = foreignFile(fstatSync(fd));
  if (foreign === "") return;
  const text = `cannot continue ${path}: ${foreign}; give another --write-file, or change its owner (chown)`;
  throw new WeirError("file-not-ours", text);
}

function recoverOpen(
  fd: number,
  path: string,
  format: CaptureFormat,
  side: SideState | undefined,
): Recovery {
  refuseForeign(fd, path);
  // Before a byte of it is cut: by another name of the same file another node may write it.
  if (flockFile(fd) === "taken") throw fileInUse(path, undefined);
  const stats = fstatSync(fd);
  const { size } = stats;
  if (size === 0) return { action: "create" };
  const window = new FileWindow(fd, size);
  const known = side?.identity === fileIdentity(stats) && basename(path) === side.file;
  const scan = scanFrom(window, format, known && side.offset <= size ? side : undefined);
  if (scan === undefined) {
    const gigabytes = (size / 1e9).toFixed(1);
    const reason = `it has ${gigabytes} GB, and nothing tells where its last whole packet ends`;
    return { action: "set-aside", reason };
  }
  if (scan.foreign !== "") return { action: "set-aside", reason: scan.foreign };
  const tornBytes = size - scan.goodEnd;
  if (!isTornTail(window, format, scan.goodEnd)) {
    const reason = `it is damaged at offset ${scan.goodEnd}, ${tornBytes} bytes before its end`;
    return { action: "set-aside", reason };
  }
  if (tornBytes > 0) ftruncateSync(fd, scan.goodEnd);
  return { action: "continue", tornBytes, linkType: scan.linkType, interfaces: scan.interfaces };
}

/** Scans what came after the offset that was noted; the whole file where that does not tell enough. */
function scanFrom(
  window: FileWindow,
  format: CaptureFormat,
  side: SideState | undefined,
): CaptureScan | undefined {
  if (side === undefined) return scanTail(window, format, 0);
  const tail = scanTail(window, format, side.offset, provenInterfaces(window, side));
  if (tail !== undefined && (tail.interfaces !== undefined || format === "pcap")) return tail;
  const whole = scanTail(window, format, 0);
  // What is missing may only be the number of interfaces: no packet is given up for that.
  const behind = tail !== undefined && (whole === undefined || whole.goodEnd < tail.goodEnd);
  return behind ? tail : whole;
}

/** A wrong number would put packets under another hunter, so it must be of exactly these bytes. */
function provenInterfaces(window: FileWindow, side: SideState): number | undefined {
  const length = Math.min(sideCheckBytes, side.offset);
  const before = window.read(side.offset - length, length);
  const proven = before !== undefined && sideCheck(side, before) === side.check;
  return proven ? side.interfaces : undefined;
}

/** Undefined when the scan cannot be made from there, or would take too long. */
function scanTail(
  window: FileWindow,
  format: CaptureFormat,
  from: number,
  interfaces?: number | undefined,
): CaptureScan | undefined {
  if (window.size - from > limits.recoveryScanBytesMax) return undefined;
  const scan = format === "pcapng" ? scanPcapng(window, from, interfaces) : scanPcap(window, from);
  if (from === 0 || scan.foreign !== "") return scan;
  // An offset that leads to no record at all is not believed where the whole file can be scanned.
  const nowhere = scan.goodEnd === from && from < window.size;
  if (nowhere && window.size <= limits.recoveryScanBytesMax) return undefined;
  return isTornTail(window, format, scan.goodEnd) ? scan : undefined;
}

/** Renames `path` to a free name with the time in it, never over another file; returns that name. */
export function setAside(path: string, name: CaptureName, wallMs: number): string {
  for (let attempt = 0; ; attempt++) {
    const aside = asidePath(name, wallMs, attempt);
    try {
      // A link fails where a rename would replace.
      linkSync(path, aside);
      unlinkSync(path);
      return aside;
    } catch (error) {
      const code = systemCode(error);
      if (code === "EEXIST") continue;
      if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS" || code === "EOPNOTSUPP") {
        renameSync(path, aside);
        return aside;
      }
      throw error;
    }
  }
}

/** Packets in a whole file; undefined when that cannot be told. */
export function countPackets(path: string, format: CaptureFormat): number | undefined {
  try {
    const fd = openSync(path, "r");
    try {
      const window = new FileWindow(fd, fstatSync(fd).size);
      return scanTail(window, format, 0)?.packets;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
