/**
 * The bytes of one connection that are on their way out. Frames are laid into a buffer that connections
 * share by turns, and written when the turn is over; what the socket does not take stays here.
 */
import { frameHeaderBytes, frameType } from "./protocol.ts";

/** Takes `bytes[start..end)`, all or a beginning of it, before it returns; the count, negative when closed. */
export type ByteSink = (bytes: Uint8Array, start: number, end: number) => number;

const pageBytes = 128 * 1024;
/** Buffers that no connection uses now. */
const pages: Buffer[] = [];
const pagesKept = 4;

export class Output {
  private readonly sink: ByteSink;
  private page: Buffer | undefined = undefined;
  private start = 0;
  private end = 0;
  private isStuck = false;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** Bytes that the socket has not taken. */
  get length(): number {
    return this.end - this.start;
  }

  /** The socket has not taken all that it was given, and has not said that it takes more. */
  get stuck(): boolean {
    return this.isStuck;
  }

  /** Bytes that can be laid before the socket must take some, or the page grows. */
  get room(): number {
    return pageBytes - this.end;
  }

  frameHeader(length: number, type: number, flags: number, streamId: number): void {
    const page = this.reserve(frameHeaderBytes + length);
    let at = this.end;
    page[at++] = length >> 16;
    page[at++] = length >> 8;
    page[at++] = length;
    page[at++] = type;
    page[at++] = flags;
    page[at++] = streamId >>> 24;
    page[at++] = streamId >> 16;
    page[at++] = streamId >> 8;
    page[at++] = streamId;
    this.end = at;
  }

  uint32(value: number): void {
    this.end = this.reserve(4).writeUInt32BE(value >>> 0, this.end);
  }

  uint16(value: number): void {
    this.end = this.reserve(2).writeUInt16BE(value, this.end);
  }

  bytes(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const page = this.reserve(end - start);
    if (start === 0 && end === bytes.length) page.set(bytes, this.end);
    else page.set(bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.frameHeader(4, frameType.windowUpdate, 0, streamId);
    this.uint32(bytes);
  }

  /** Writes what is laid; false when the socket does not take all of it. */
  flush(): boolean {
    const { page } = this;
    if (page === undefined || this.isStuck) return !this.isStuck;
    const taken = this.sink(page, this.start, this.end);
    if (taken < 0) {
      this.clear();
      this.isStuck = true;
      return false;
    }
    this.start += taken;
    if (this.start === this.end) this.clear();
    else {
      this.isStuck = true;
      this.shrink();
    }
    return !this.isStuck;
  }

  /**
   * Writes `bytes[start..end)` past the page, which must be empty: the count that the socket took. The
   * caller keeps the rest.
   */
  pass(bytes: Uint8Array, start: number, end: number): number {
    const taken = Math.max(0, this.sink(bytes, start, end));
    if (taken < end - start) this.isStuck = true;
    return taken;
  }

  /** The socket takes more. */
  drained(): void {
    this.isStuck = false;
  }

  clear(): void {
    const { page } = this;
    this.page = undefined;
    this.start = 0;
    this.end = 0;
    if (page?.length === pageBytes && pages.length < pagesKept) pages.push(page);
  }

  private reserve(bytes: number): Buffer {
    let { page } = this;
    if (page === undefined) {
      page = pages.pop() ?? Buffer.allocUnsafeSlow(pageBytes);
      this.page = page;
    }
    if (page.length - this.end >= bytes) return page;
    // Only control frames come to this: data waits until there is room.
    const grown = Buffer.allocUnsafeSlow(Math.max(pageBytes, 2 * (this.length + bytes)));
    return this.moveTo(grown);
  }

  /** What waits for a slow client takes no more memory than it has bytes. */
  private shrink(): void {
    if (this.length > pageBytes / 4 || this.page?.length !== pageBytes) return;
    const { page } = this;
    this.moveTo(Buffer.allocUnsafeSlow(2 * this.length));
    if (pages.length < pagesKept) pages.push(page);
  }

  private moveTo(target: Buffer): Buffer {
    this.page?.copy(target, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.page = target;
    return target;
  }
}
