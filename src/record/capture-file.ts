/**
 * One open capture file. Bytes go through Bun's FileSink, whose answers are not believed: it drops
 * what did not fit a full disk and its next flush says nothing (docs/decisions). The one truth is
 * `fstat`: a group is good when the file has exactly grown by it.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import type { FileSink } from "bun";
import { WeirError } from "../base/errors.ts";
import { isOutOfDescriptors } from "./io-failure.ts";
import { fileInUse, flockFile, unlockFile } from "./lock.ts";

/** The system took less than it was given and named no reason. */
export class ShortWriteError extends WeirError {
  constructor(path: string, wanted: number, size: number) {
    super("short-write", `${path} has ${size} bytes after a write that should end at ${wanted}`, {
      retryable: true,
    });
  }
}

/** Somebody else wrote to the file or cut it: what this process knows of it no longer holds. */
export class FileChangedError extends WeirError {
  constructor(expected: number, size: number) {
    const text =
      size < expected
        ? `another program truncated it from ${expected} to ${size} bytes; the rest is lost`
        : `another program wrote to it: it has ${size} bytes where ${expected} were expected`;
    super("file-changed", text);
  }
}

/** Inode numbers are given again soon; with the time of birth they name one file. */
export function fileIdentity(stats: Pick<Stats, "ino" | "birthtimeMs">): string {
  return `${stats.ino}/${stats.birthtimeMs}`;
}

export class CaptureFile {
  readonly path: string;
  /** When it was opened, or when its first packets came. */
  startedMs: number;
  /** Bytes that are known to be good: whole groups. */
  size: number;
  /** Bytes whose packets were given back to their ring; behind `size` only while unsynced. */
  releasedSize: number;
  /** Packets written by this process. */
  packets = 0;
  releasedPackets = 0;
  /** Interface blocks of the last pcapng section up to `size`, when more may follow in it. */
  interfaces: number | undefined;
  releasedInterfaces: number | undefined;
  private readonly fd: number;
  private sink: FileSink;
  /** Bytes after `size` that may stand in the file and are this process's. */
  private appended = 0;
  private closed = false;

  /**
   * Opens for appending and locks; creates the file (mode 0600) when `create` is given and it must
   * not exist. Throws the system's error, or `file-in-use`: by another name of the same file (a hard
   * link) another node may have it.
   */
  constructor(path: string, create: boolean, nowMs: number) {
    const flags = constants.O_RDWR | constants.O_APPEND;
    this.path = path;
    this.startedMs = nowMs;
    this.fd = openSync(path, create ? flags | constants.O_CREAT | constants.O_EXCL : flags, 0o600);
    try {
      if (flockFile(this.fd) === "taken") throw fileInUse(path, undefined);
      this.size = fstatSync(this.fd).size;
      this.sink = this.newSink();
    } catch (error) {
      closeSync(this.fd);
      // The next attempt would leave it: numbered files have the time in their names.
      if (create && isOutOfDescriptors(error)) unlinkSync(path);
      throw error;
    }
    this.releasedSize = this.size;
  }

  get identity(): string {
    return fileIdentity(fstatSync(this.fd));
  }

  /** Throws FileChangedError when it is not as long as this process left it. */
  checkUnchanged(): void {
    const { size } = fstatSync(this.fd);
    if (size !== this.size) throw new FileChangedError(this.size, size);
  }

  /**
   * Writes without a copy; `bytes` may be shared memory. Throws on the system's error, and
   * FileChangedError.
   */
  async append(bytes: Uint8Array): Promise<void> {
    // Afterwards a cut file that took the group looks like one that took only a part of it.
    if (this.appended === 0) this.checkUnchanged();
    this.appended += bytes.length;
    const taken = this.sink.write(bytes);
    if (typeof taken !== "number") await taken;
  }

  /** Ends what was appended: afterwards it stands in the file, whole, or this throws. */
  async finish(): Promise<void> {
    const flushed = this.sink.flush();
    if (typeof flushed !== "number") await flushed;
    const wanted = this.size + this.appended;
    const { size, nlink } = fstatSync(this.fd);
    if (nlink === 0) throw new WeirError("file-removed", `${this.path} was removed`);
    if (size < this.size) throw new FileChangedError(this.size, size);
    if (size > wanted) throw new FileChangedError(wanted, size);
    if (size !== wanted) throw new ShortWriteError(this.path, wanted, size);
    this.size = wanted;
    this.appended = 0;
  }

  /**
   * Cuts the file back to whole groups, and never makes it longer. Throws when that fails or when
   * others changed the file: then it cannot be trusted.
   */
  async rollBack(size: number = this.size): Promise<void> {
    const end = this.size + this.appended;
    this.size = size;
    this.appended = end - size;
    await this.emptySink();
    this.cutOwn();
  }

  /** What was written so far was given back to the rings: it is never written again. */
  release(): void {
    this.releasedSize = this.size;
    this.releasedPackets = this.packets;
    this.releasedInterfaces = this.interfaces;
  }

  /** The last `length` bytes of what was released, or all when there are fewer; none if unreadable. */
  readBeforeReleased(length: number): Buffer {
    const start = Math.max(0, this.releasedSize - length);
    const bytes = Buffer.alloc(this.releasedSize - start);
    try {
      return bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, start));
    } catch {
      return bytes.subarray(0, 0);
    }
  }

  /** Throws on the system's error; then nothing since `releasedSize` can be trusted. */
  sync(): void {
    fdatasyncSync(this.fd);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.endSink();
    try {
      // Nothing but whole groups may stay behind.
      if (this.appended > 0) this.cutOwn();
    } finally {
      // The sink's descriptor would hold the lock for as long as it takes to be closed.
      unlockFile(this.fd);
      closeSync(this.fd);
    }
  }

  /** Others' bytes are not cut: they may stand before, between and after those of the group. */
  private cutOwn(): void {
    const { size } = fstatSync(this.fd);
    const end = this.size + this.appended;
    if (size < this.size) throw new FileChangedError(this.size, size);
    if (size > end) throw new FileChangedError(end, size);
    if (size > this.size) ftruncateSync(this.fd, this.size);
    this.appended = 0;
  }

  /**
   * The sink keeps small writes back and writes them by itself a little later: into a file that was
   * cut in the meantime, or into another one that was given the same descriptor. So nothing is left
   * in it; what it cannot write it drops.
   */
  private async emptySink(): Promise<void> {
    try {
      await this.sink.flush();
    } catch {
      await this.endSink();
      this.sink = this.newSink();
    }
  }

  /** The sink has a descriptor of its own, which keeps the space of a deleted file until it ends. */
  private async endSink(): Promise<void> {
    try {
      await this.sink.end();
    } catch {
      // What it could not write is cut off anyway.
    }
  }

  /**
   * The mark makes no difference to the cost, which is that of `fs.writeSync` (40 KB in 16 us, 256 KB
   * in memory in 85 us), from shared memory as from any other.
   */
  private newSink(): FileSink {
    return Bun.file(this.fd).writer({ highWaterMark: 1 });
  }
}
