/**
 * The files of one name, one after the other: the file at the path itself, or numbered ones with
 * rotation, of which the oldest are deleted. Owns the lock and the side file of that name.
 */

import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  unlinkSync,
} from "node:fs";
import { basename } from "node:path";
import { counted } from "../base/counted.ts";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { CaptureFile } from "./capture-file.ts";
import { recordEvent } from "./events.ts";
import { type CaptureName, numberedPath, plainPath, sidePath } from "./file-names.ts";
import { FileRing } from "./file-ring.ts";
import { isIoFailure, isPassing } from "./io-failure.ts";
import { rotates } from "./recorder-config.ts";
import { recoverFile, setAside } from "./recovery.ts";
import type { SeriesContext } from "./series-context.ts";
import { SideFile, sideCheck, sideCheckBytes } from "./side-file.ts";
import { reopen, type SuspendedFile } from "./suspended-file.ts";

export class FileSeries {
  readonly name: CaptureName;
  readonly ring: FileRing;
  current: CaptureFile | undefined;
  /** Of the classic pcap file that is continued. */
  continuedLinkType: number | undefined;
  private readonly context: SeriesContext;
  private readonly rotating: boolean;
  private side: SideFile | undefined;
  private suspended: SuspendedFile | undefined;
  /** The file at the path itself is taken: by the first file, or by one that failed. */
  private plainTaken = false;
  private started = false;
  /** Why files are numbered although none is at the path itself; told with the first of them. */
  private detour = "";
  /** Another node has the lock of the name: ours are its numbered files alone that this run made. */
  private shared = false;
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
    this.lock();
    this.ring.find();
    const last = this.ring.lastPath;
    if (!this.rotating) this.startPlain();
    else if (last !== undefined) this.repair(last);
    this.started = true;
  }

  /**
   * `start` for a file beside the first one: when that cannot be had, because another node has it or
   * something else stands there, numbered files take its place. Throws what may pass.
   */
  startBeside(): void {
    try {
      this.start();
    } catch (error) {
      if (!isIoFailure(error) || isPassing(error)) throw error;
      this.plainTaken = true;
      this.started = true;
      this.detour = named(this.plainPath, error);
      this.shared = this.side === undefined;
      this.ring.find(this.shared ? "number" : "keep");
    }
  }

  /** Begins the next file with `header`, which stands in it afterwards, or throws and leaves none. */
  async create(header: Uint8Array): Promise<CaptureFile> {
    const { clock, config, tally, events } = this.context;
    const file = this.createFile(clock.monotonicMs());
    const { path } = file;
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
    if (this.detour !== "") {
      events.tell(recordEvent.fileDetour, `${this.detour}; recording to ${path}`, { path });
      this.detour = "";
    } else if (this.rotating) events.tell(recordEvent.fileOpened, `recording to ${path}`, { path });
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
    else await this.createFile(0).close();
  }

  /** Moves the file that `start` continued aside: it is not what it should be. */
  async setCurrentAside(reason: string): Promise<void> {
    await this.current?.close();
    this.current = undefined;
    this.continuedLinkType = undefined;
    this.plainTaken = false;
    this.setAside(reason);
  }

  /** True while the lock of the name is held. */
  get isLocked(): boolean {
    return this.side !== undefined;
  }

  /** Closes the current file for a while; `resume` opens it again. */
  async suspend(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    this.saveSide(true);
    this.suspended = { file: current, identity: current.identity };
    await current.close();
    this.current = undefined;
  }

  /**
   * Takes the lock again when it was given up, and opens the suspended file; true when there is a
   * current file afterwards. A file that others changed is not gone on with. Throws what may pass;
   * may then be called again.
   */
  async resume(): Promise<boolean> {
    if (this.current !== undefined) return true;
    const { suspended } = this;
    try {
      if (!this.shared) this.lock();
      if (suspended !== undefined) this.current = await reopen(suspended);
    } catch (error) {
      if (!isIoFailure(error) || isPassing(error)) throw error;
      this.shared = this.side === undefined;
      this.detour = `${suspended?.file.path ?? this.plainPath} cannot be continued (${errorText(error)})`;
      if (suspended !== undefined) this.ring.keep(suspended.file);
    }
    this.suspended = undefined;
    return this.current !== undefined;
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
    this.context.events.tell(
      recordEvent.fileGivenUp,
      `${path} cannot be continued (${errorText(error)})`,
      {
        path,
      },
    );
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
    const { current, side } = this;
    if (current === undefined || side === undefined || current.releasedSize === this.savedSize) {
      return Number.POSITIVE_INFINITY;
    }
    return Math.max(0, this.savedMs + limits.sideFileEveryMs - nowMs);
  }

  /** Gives the lock up. */
  unlock(): void {
    this.side?.close();
    this.side = undefined;
  }

  private lock(): void {
    this.side ??= new SideFile(sidePath(this.name), this.plainPath);
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
    const message = `${path} cannot be continued (${reason}); it was renamed to ${aside}`;
    this.context.events.tell(recordEvent.fileSetAside, message, { path, aside });
  }

  /** The last numbered file of an earlier run: whole again, but not continued. */
  private repair(path: string): void {
    try {
      const recovery = recoverFile(path, this.context.config.format, this.side?.previous);
      // Killed between the creation of a file and its header.
      if (recovery.action === "create") this.ring.dropLast();
      if (recovery.action !== "continue" || recovery.tornBytes === 0) return;
      const message = `${path}: cut an incomplete record of ${counted(recovery.tornBytes, "byte")} at its end`;
      this.context.events.tell(recordEvent.tornTailCut, message, {
        path,
        bytes: recovery.tornBytes,
      });
    } catch (error) {
      const message = `${path} was not repaired: ${errorText(error)}`;
      this.context.events.tell(recordEvent.fileNotRepaired, message, { path });
    }
  }

  private tellContinued(path: string, tornBytes: number): void {
    const torn =
      tornBytes > 0
        ? `; an incomplete record of ${counted(tornBytes, "byte")} at its end was cut`
        : "";
    this.context.events.tell(recordEvent.fileContinued, `continuing ${path}${torn}`, {
      path,
      tornBytes,
    });
  }

  private createFile(nowMs: number): CaptureFile {
    const path = this.nextPath();
    try {
      return new CaptureFile(path, true, nowMs);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    // Only an empty file may be there: `start` has looked. Anything else is not ours to write to.
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() === true && found.size === 0) return new CaptureFile(path, false, nowMs);
    if (path === this.plainPath) {
      this.plainTaken = true;
      this.detour = `${path} has been replaced since the start`;
    } else this.ring.nextIndex++;
    return new CaptureFile(this.nextPath(), true, nowMs);
  }

  private nextPath(): string {
    if (!this.rotating && !this.plainTaken) return plainPath(this.name);
    return numberedPath(this.name, this.ring.nextIndex, this.context.clock.wallMs());
  }
}

/** Most texts of the system name the path, and those of ours do. */
function named(path: string, error: unknown): string {
  const text = errorText(error);
  return text.includes(path) ? text : `${path}: ${text}`;
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
