/**
 * The hidden file beside a capture: its lock keeps a second node away, its text says up to where
 * the capture is known to be good, so that the next start scans only what comes after.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { systemCode, WeirError } from "../base/errors.ts";
import { foreignHidden } from "../base/file-owner.ts";
import { fileInUse, type LockHolder, lockFile, processStart } from "./lock.ts";

/** What the last owner left. */
export interface SideState {
  /** Name of the capture file, its identity (`fileIdentity`), and the offset after its last whole group. */
  readonly file: string;
  readonly identity: string;
  readonly offset: number;
  /** Up to where it was on the disk by fdatasync. */
  readonly synced: number;
  /** The file was closed in good order. */
  readonly closed: boolean;
  /** Interface blocks of the pcapng section at `offset`, when more may follow in it. */
  readonly interfaces?: number | undefined;
  /** `sideCheck` of all that when it was noted. Earlier versions noted none. */
  readonly check?: number | undefined;
}

/** Bytes of the capture before `offset` that `sideCheck` covers. */
export const sideCheckBytes = 4096;

/** Changes whenever what is noted changes its meaning. */
const noteVersion = 1;

/**
 * Ties what is noted to the capture: of another file, a rewritten one or with another number in it,
 * the check is another. `before` are the last `sideCheckBytes` of the capture up to `offset`, or all.
 */
export function sideCheck(state: SideState, before: Uint8Array): number {
  const { file, identity, offset, interfaces } = state;
  const text = JSON.stringify([noteVersion, file, identity, offset, interfaces ?? -1]);
  return Bun.hash.crc32(Buffer.concat([Buffer.from(text), before]));
}

interface SideText extends SideState, LockHolder {
  readonly boot: string;
}

const textBytes = 1024;

export class SideFile {
  /** What the last owner left; undefined when there is nothing that can be relied on. */
  readonly previous: SideState | undefined;
  private readonly fd: number;
  private readonly boot = bootId();
  private readonly start = processStart(process.pid);

  /** Takes the lock, or throws `file-in-use` with the other's process id when it is known. */
  constructor(path: string, capturePath: string) {
    this.fd = openHidden(path);
    try {
      const foreign = foreignHidden(fstatSync(this.fd));
      if (foreign !== "") throw refused(path, foreign);
      const text = this.readText();
      if (!lockFile(this.fd, text)) throw fileInUse(capturePath, text?.pid);
      if (fstatSync(this.fd).ino !== statSync(path).ino) throw fileInUse(capturePath, undefined);
      this.previous = text === undefined ? undefined : this.reliable(text);
      const { previous } = this;
      this.write(previous ?? { file: "", identity: "", offset: 0, synced: 0, closed: false });
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** Never throws: without the side file the next start only takes longer. */
  write(state: SideState): void {
    const text: SideText = { pid: process.pid, start: this.start, boot: this.boot, ...state };
    const bytes = Buffer.alloc(textBytes, " ");
    if (bytes.write(`${JSON.stringify(text)}\n`) >= textBytes) return;
    try {
      writeSync(this.fd, bytes, 0, textBytes, 0);
    } catch {
      // A full disk: the offset stays at the last one that was written.
    }
  }

  /** Gives the lock up. The file stays: the next start wants it. */
  close(): void {
    closeSync(this.fd);
  }

  private readText(): SideText | undefined {
    const bytes = Buffer.alloc(textBytes);
    const length = readSync(this.fd, bytes, 0, textBytes, 0);
    try {
      const value = JSON.parse(bytes.toString("utf8", 0, length)) as Partial<SideText>;
      return typeof value.pid === "number" ? (value as SideText) : undefined;
    } catch {
      return undefined;
    }
  }

  /** After a crash of the machine only what was synced can be relied on. */
  private reliable(text: SideText): SideState | undefined {
    const { file, identity, closed, interfaces, check } = text;
    const offset = text.closed || text.boot === this.boot ? text.offset : text.synced;
    if (typeof file !== "string" || !Number.isSafeInteger(offset) || offset <= 0) return undefined;
    return { file, identity, offset, synced: text.synced, closed, interfaces, check };
  }
}

/** Without following a link, and without waiting for the other end of a pipe. */
function openHidden(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    if (systemCode(error) === "ELOOP") throw refused(path, "it is a symbolic link");
    throw error;
  }
}

function refused(path: string, reason: string): WeirError {
  const text = `cannot use ${path}, the node's own file beside the capture: ${reason}; remove it, or record elsewhere`;
  return new WeirError("file-not-ours", text);
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
