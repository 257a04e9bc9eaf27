/**
 * Cuts the bytes of one RPC into length-prefixed gRPC messages (gRPC over HTTP/2,
 * "Length-Prefixed-Message"). No I/O inside: pieces of bytes go in, `take` is called with each message.
 */
import { limits } from "../config/limits.ts";
import { Backlog } from "./backlog.ts";
import type { MessageRoom } from "./message-budget.ts";

export interface EnvelopeOptions {
  readonly messageBytesMax: number;
  /** Up to this size a message needs no room; `limits.smallMessageBytesMax` when it is not given. */
  readonly smallBytesMax?: number;
  readonly room: MessageRoom;
  /**
   * That many of the bytes that went in are done with: read, or copied to where a message comes together.
   * Not called any more once the RPC is over.
   */
  readonly done: (bytes: number) => void;
  /** Asked before bytes are read: false = keep them until `resume`. Always true when it is not given. */
  readonly mayRead?: () => boolean;
  /** One message; false = stop, and `bytes` must stay as they are until `resume`. */
  readonly take: (bytes: Buffer, length: number) => boolean;
  /** The envelope waits for room (true) or can go on (false). */
  readonly wait: (waiting: boolean) => void;
  /** The bytes cannot be read on; whatever comes is ignored from here on. */
  readonly refuse: (fault: EnvelopeFault) => void;
}

/** Why a call's bytes cannot be read on. */
export type EnvelopeFault =
  | { readonly kind: "too-long"; readonly length: number }
  | { readonly kind: "compressed" };

export class Envelope {
  private readonly options: EnvelopeOptions;
  private readonly smallBytesMax: number;
  private readonly prefix = Buffer.alloc(5);
  private prefixFilled = 0;
  /** Length of the message under way, -1 between messages. */
  private length = -1;
  private buffer: Buffer = Buffer.alloc(0);
  private filled = 0;
  private reserved = 0;
  private stopped = false;
  private over = false;
  /** What came behind a stop. The window of the stream bounds it. */
  private readonly backlog = new Backlog();
  private readonly onRead = (bytes: Buffer, start: number, end: number): number =>
    this.run(bytes, start, end);
  private readonly isStopped = (): boolean => this.stopped;
  private readonly onRoom = (): void => {
    this.reserved = this.length;
    this.resume();
    if (!this.stopped) this.options.wait(false);
  };

  constructor(options: EnvelopeOptions) {
    this.options = options;
    this.smallBytesMax = options.smallBytesMax ?? limits.smallMessageBytesMax;
  }

  /** True in the middle of a message. */
  get partial(): boolean {
    return this.length >= 0 || this.prefixFilled > 0;
  }

  /** True while a large message waits for room. */
  get waitsForRoom(): boolean {
    return this.length > this.smallBytesMax && this.reserved === 0;
  }

  /** True in the middle of a large message that has its room. */
  get hasRoom(): boolean {
    return this.length >= 0 && this.reserved > 0;
  }

  /** True while bytes are kept because somebody said stop. */
  get holding(): boolean {
    return !this.backlog.isEmpty;
  }

  /** Takes `bytes[start..end)`; what is behind a stop is copied. */
  push(bytes: Buffer, start = 0, end: number = bytes.length): void {
    if (this.over) return;
    this.stopped ||= this.options.mayRead?.() === false;
    const at = this.stopped ? start : this.run(bytes, start, end);
    if (at < end && !this.over) this.backlog.append(bytes, at, end);
  }

  /** Goes on after a stop; may stop again. */
  resume(): void {
    if (this.over) return;
    this.stopped = false;
    if (this.length < 0) this.release();
    this.backlog.drain(this.onRead, this.isStopped);
  }

  /** The RPC is over: gives back what it holds. */
  close(): void {
    this.options.room.forget(this.onRoom);
    this.release();
    this.buffer = Buffer.alloc(0);
    this.backlog.clear();
    this.stopped = true;
    this.over = true;
  }

  /** Returns how far it came. */
  private run(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.length < 0) {
        at = this.readPrefix(bytes, at, end);
        if (this.prefixFilled < 5) break;
        this.begin();
      }
      if (!this.stopped) at = this.readBody(bytes, at, end);
      if (this.stopped) break;
    }
    // The end of an RPC gives back what is left of it.
    if (!this.over) this.options.done(at - start);
    return at;
  }

  private readPrefix(bytes: Buffer, from: number, end: number): number {
    const part = Math.min(5 - this.prefixFilled, end - from);
    bytes.copy(this.prefix, this.prefixFilled, from, from + part);
    this.prefixFilled += part;
    return from + part;
  }

  private begin(): void {
    const length = this.prefix.readUInt32BE(1);
    this.prefixFilled = 0;
    if (this.prefix[0] !== 0) {
      this.refuse({ kind: "compressed" });
      return;
    }
    if (length > this.options.messageBytesMax) {
      this.refuse({ kind: "too-long", length });
      return;
    }
    this.length = length;
    this.filled = 0;
    if (length > this.smallBytesMax) {
      if (this.options.room.reserve(length, this.onRoom)) this.reserved = length;
      else {
        this.stopped = true;
        this.options.wait(true);
      }
    }
  }

  private refuse(fault: EnvelopeFault): void {
    this.close();
    this.options.refuse(fault);
  }

  private readBody(bytes: Buffer, from: number, end: number): number {
    const { length } = this;
    const missing = length - this.filled;
    if (this.filled === 0 && end - from >= length) {
      // The whole message is in this piece: no copy.
      this.deliver(bytes.subarray(from, from + length), length);
      return from + length;
    }
    const part = Math.min(missing, end - from);
    if (this.filled === 0) this.makeRoom();
    bytes.copy(this.buffer, this.filled, from, from + part);
    this.filled += part;
    if (this.filled === length) this.deliver(this.buffer, length);
    return from + part;
  }

  /**
   * For the whole message: a large one has its room reserved, and pages that nothing was written to cost
   * nothing, where growing would hold the message one and a half times and copy it twice.
   */
  private makeRoom(): void {
    if (this.buffer.length < this.length) this.buffer = Buffer.allocUnsafeSlow(this.length);
  }

  private deliver(bytes: Buffer, length: number): void {
    this.length = -1;
    this.filled = 0;
    const goOn = this.options.take(bytes, length);
    // A stopped message is somebody else's until it is taken; a large buffer is not kept for the next.
    if (!goOn || this.buffer.length > this.smallBytesMax) this.buffer = Buffer.alloc(0);
    if (!goOn) this.stopped = true;
    else this.release();
  }

  private release(): void {
    if (this.reserved === 0) return;
    const { reserved } = this;
    this.reserved = 0;
    this.options.room.release(reserved);
  }
}
