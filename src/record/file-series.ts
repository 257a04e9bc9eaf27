/**
 * The files of one name, one after the other: the file at the path itself, or numbered ones with
 * rotation, of which the oldest are deleted. Owns the lock and the side file of that name.
 */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename } from "node:path";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { CaptureFile } from "./capture-file.ts";
import { type CaptureName, numberedPath, plainPath, sidePath } from "./file-names.ts";
import { FileRing } from "./file-ring.ts";
import { rotates } from "./recorder-config.ts";
import { recoverFile, setAside } from "./recovery.ts";
import type { SeriesContext } from "./series-context.ts";
import { SideFile, sideCheck, sideCheckBytes } from "./side-file.ts";

export class FileSeries {
  readonly name: CaptureName;
  readonly ring: FileRing;
  current: CaptureFile | undefined;
  /** Of the classic pcap file that is continued. */
  continuedLinkType: number | undefined;
  private readonly context: SeriesContext;
  private readonly rotating: boolean;
  private side: SideFile | undefined;
  private suspended: CaptureFile | undefined;
  /** The file at the path itself is taken: by the first file, or by one that failed. */
  private plainTaken = false;
  private started = false;
  private savedSize = 0;
  private savedMs = 0;

  constructor(name: CaptureName, context: SeriesContext) {
    this.name = name;
    this.context = context;
    this.ring = new FileRing(name, context);
    this.rotating = rotates(context.config);
  }

  /**
   * Takes the lock, repairs or moves aside what is there, and opens the file when one is continued;
   * otherwise `current` stays undefined and `create` is next. Throws `file-in-use` and system errors.
   */
  start(): void {
    if (this.side === undefined) {
      this.side = new SideFile(sidePath(this.name), plainPath(this.name));
    }
    this.ring.find();
    const last = this.ring.lastPath;
    if (!this.rotating) this.startPlain();
    else if (last !== undefined) this.repair(last);
    this.started = true;
  }

  /** Begins the next file with `header`, which stands in it afterwards, or throws and leaves none. */
  async create(header: Uint8Array): Promise<CaptureFile> {
    const { clock, config, tally, log } = this.context;
    const nowMs = clock.monotonicMs();
    const path = this.nextPath();
    const file = this.createFile(path, nowMs);
    try {
      await file.append(header);
      await file.finish();
      if (config.format === "pcapng") file.interfaces = 0;
      file.release();
      if (config.ack === "synced") {
        file.sync();
        syncDirectory(this.name.directory);
      }
    } catch (error) {
      await file.close();
      unlinkQuietly(path);
      throw error;
    }
    if (path === plainPath(this.name)) this.plainTaken = true;
    else this.ring.nextIndex++;
    this.current = file;
    tally.add({ filesOpened: 1, bytesWritten: header.length });
    if (this.rotating) log.debug("file-opened", `recording to ${path}`, { path });
    this.saveSide(true);
    this.ring.trim();
    return file;
  }

  /** True when `start` succeeded: the lock is held. */
  get isStarted(): boolean {
    return this.started;
  }

  get plainPath(): string {
    return plainPath(this.name);
  }

  /** Creates the first file, still empty, to learn at start whether it can be written. */
  async reserve(): Promise<void> {
    if (this.rotating) accessSync(this.name.directory, constants.W_OK);
    else await this.createFile(this.nextPath(), 0).close();
  }

  /** Moves the file that `start` continued aside: it is not what it should be. */
  async setCurrentAside(reason: string): Promise<void> {
    await this.current?.close();
    this.current = undefined;
    this.continuedLinkType = undefined;
    this.plainTaken = false;
    this.setAside(reason);
  }

  /** Closes the current file for a while; `resume` opens it again. */
  async suspend(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    this.saveSide(true);
    await current.close();
    this.suspended = current;
    this.current = undefined;
  }

  /** True when there is a current file afterwards. A file that others changed is not gone on with. */
  async resume(nowMs: number): Promise<boolean> {
    const { suspended } = this;
    this.suspended = undefined;
    if (suspended === undefined || this.current !== undefined) return this.current !== undefined;
    try {
      const file = new CaptureFile(suspended.path, false, suspended.startedMs);
      file.packets = suspended.packets;
      file.interfaces = suspended.interfaces;
      file.release();
      this.current = file;
      if (file.size === suspended.size) return true;
      await this.abandon();
    } catch {
      this.context.log.warn("file-lost", `${suspended.path} cannot be opened any more`, {
        path: suspended.path,
        openMs: nowMs - suspended.startedMs,
      });
    }
    return false;
  }

  /** True when the current file has packets and its time or its size is over. */
  isRotationDue(nowMs: number, reservedBytes: number): boolean {
    const { current } = this;
    const { rotateSizeBytes, rotateIntervalMs } = this.context.config;
    if (current === undefined || current.packets === 0) return false;
    if (rotateSizeBytes > 0 && current.size + reservedBytes >= rotateSizeBytes) return true;
    return rotateIntervalMs > 0 && nowMs - current.startedMs >= rotateIntervalMs;
  }

  /** Bytes that the current file may still take before it is over its size. */
  bytesLeft(reservedBytes: number): number {
    const { rotateSizeBytes } = this.context.config;
    if (rotateSizeBytes === 0 || this.current === undefined) return Number.POSITIVE_INFINITY;
    return rotateSizeBytes - reservedBytes - this.current.size;
  }

  /** Milliseconds until `isRotationDue` may become true by time. */
  rotationInMs(nowMs: number): number {
    const { current } = this;
    const { rotateIntervalMs } = this.context.config;
    if (current === undefined || current.packets === 0) return Number.POSITIVE_INFINITY;
    if (rotateIntervalMs === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, current.startedMs + rotateIntervalMs - nowMs);
  }

  /** Ends the current file, in good order. */
  async closeCurrent(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    try {
      current.checkUnchanged();
    } catch (error) {
      return this.giveUp(error);
    }
    this.saveSide(true, true);
    await current.close();
    this.ring.keep(current);
    this.current = undefined;
  }

  /** `abandon`, told in a line. */
  async giveUp(error: unknown): Promise<void> {
    const path = this.current?.path ?? this.plainPath;
    this.context.log.error("file-given-up", `${path} is given up (${errorText(error)})`, { path });
    await this.abandon();
  }

  /** Gives up a file that cannot be trusted any more; the next one is a numbered one. */
  async abandon(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    try {
      await current.close();
    } catch {
      // It is given up because such calls fail.
    }
    if (current.packets === 0 && current.path !== plainPath(this.name)) unlinkQuietly(current.path);
    else this.ring.keep(current);
    this.current = undefined;
  }

  /** Notes the good offset when enough was written since, or at once with `now`. */
  saveSide(now: boolean, closed = false): void {
    const { current } = this;
    if (current === undefined || this.side === undefined) return;
    const nowMs = this.context.clock.monotonicMs();
    const offset = current.releasedSize;
    const grown = offset - this.savedSize;
    const overdue = grown > 0 && nowMs - this.savedMs >= limits.sideFileEveryMs;
    if (!now && !overdue && grown < limits.sideFileEveryBytes) return;
    this.savedSize = offset;
    this.savedMs = nowMs;
    const synced = this.context.config.ack === "synced" ? offset : 0;
    const { identity, releasedInterfaces: interfaces } = current;
    const state = { file: basename(current.path), identity, offset, synced, closed, interfaces };
    this.side.write({
      ...state,
      check: sideCheck(state, current.readBeforeReleased(sideCheckBytes)),
    });
  }

  /** Milliseconds until the offset is to be noted. */
  saveInMs(nowMs: number): number {
    if (this.current === undefined || this.current.releasedSize === this.savedSize) {
      return Number.POSITIVE_INFINITY;
    }
    return Math.max(0, this.savedMs + limits.sideFileEveryMs - nowMs);
  }

  /** Gives the lock up. */
  unlock(): void {
    this.side?.close();
    this.side = undefined;
  }

  private startPlain(): void {
    const { config, clock, tally } = this.context;
    const path = plainPath(this.name);
    const recovery = recoverFile(path, config.format, this.side?.previous);
    if (recovery.action === "create") return;
    if (recovery.action === "set-aside") {
      this.setAside(recovery.reason);
      return;
    }
    this.tellContinued(path, recovery.tornBytes);
    this.plainTaken = true;
    this.continuedLinkType = recovery.linkType;
    this.current = new CaptureFile(path, false, clock.monotonicMs());
    this.current.interfaces = recovery.interfaces;
    this.current.release();
    tally.add({ filesOpened: 1 });
    this.saveSide(true);
  }

  private setAside(reason: string): void {
    const path = plainPath(this.name);
    const aside = setAside(path, this.name, this.context.clock.wallMs());
    const message = `${path} cannot be continued (${reason}); it is ${aside} now`;
    this.context.log.warn("file-set-aside", message, { path, aside });
  }

  /** The last numbered file of an earlier run: whole again, but not continued. */
  private repair(path: string): void {
    try {
      const recovery = recoverFile(path, this.context.config.format, this.side?.previous);
      // Killed between the creation of a file and its header.
      if (recovery.action === "create") this.ring.dropLast();
      if (recovery.action !== "continue" || recovery.tornBytes === 0) return;
      const message = `${path}: cut a torn end of ${recovery.tornBytes} bytes`;
      this.context.log.warn("torn-end-cut", message, { path, bytes: recovery.tornBytes });
    } catch (error) {
      const message = `${path} was left as it is: ${errorText(error)}`;
      this.context.log.warn("file-not-repaired", message, { path });
    }
  }

  private tellContinued(path: string, tornBytes: number): void {
    const torn = tornBytes > 0 ? `, after a torn end of ${tornBytes} bytes was cut` : "";
    this.context.log.info("file-continued", `continuing ${path}${torn}`, { path, tornBytes });
  }

  private createFile(path: string, nowMs: number): CaptureFile {
    try {
      return new CaptureFile(path, true, nowMs);
    } catch (error) {
      // Only an empty file may be there: `start` has looked. Anything else is not ours to write to.
      if (systemCode(error) !== "EEXIST") throw error;
      if (statSync(path).size === 0) return new CaptureFile(path, false, nowMs);
      this.plainTaken = true;
      throw error;
    }
  }

  private nextPath(): string {
    if (!this.rotating && !this.plainTaken) return plainPath(this.name);
    return numberedPath(this.name, this.ring.nextIndex, this.context.clock.wallMs());
  }
}

/** A new name is on the disk only when its directory is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // An empty file more.
  }
}
