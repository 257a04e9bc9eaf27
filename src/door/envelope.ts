/**
 * Cuts the bytes of one RPC into length-prefixed gRPC messages (gRPC over HTTP/2,
 * "Length-Prefixed-Message"). No I/O inside: chunks go in, `take` is called with each message.
 */
import { limits } from "../config/limits.ts";
import type { MessageRoom } from "./message-budget.ts";

export interface EnvelopeOptions {
  readonly messageBytesMax: number;
  /** Up to this size a message needs no room; `limits.smallMessageBytesMax` when it is not given. */
  readonly smallBytesMax?: number;
  readonly room: MessageRoom;
  /** One message; false = stop, and `bytes` must stay as they are until `resume`. */
  readonly take: (bytes: Buffer, length: number) => boolean;
  /** The decoder waits for room (true) or can go on (false): stop or start the flow of chunks. */
  readonly wait: (waiting: boolean) => void;
  /** The bytes cannot be read on; whatever comes is ignored from here on. */
  readonly refuse: (fault: EnvelopeFault) => void;
}

/** Why an RPC's bytes cannot be read on. */
export type EnvelopeFault =
  | { readonly kind: "too-long"; readonly length: number }
  | { readonly kind: "compressed" };

const firstBufferBytes = 64 * 1024;

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
  private rest: Buffer | undefined = undefined;
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

  /** True while a chunk is kept because somebody said stop. */
  get holding(): boolean {
    return this.rest !== undefined;
  }

  /** Takes one chunk; keeps what is behind a stop. */
  push(chunk: Buffer): void {
    if (this.over) return;
    if (!this.stopped) this.run(chunk);
    else this.rest = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
  }

  /** Goes on after a stop; may stop again. */
  resume(): void {
    if (this.over) return;
    this.stopped = false;
    if (this.length < 0) this.release();
    const rest = this.rest;
    this.rest = undefined;
    if (rest !== undefined) this.run(rest);
  }

  /** The RPC is over: gives back what it holds. */
  close(): void {
    this.options.room.forget(this.onRoom);
    this.release();
    this.buffer = Buffer.alloc(0);
    this.rest = undefined;
    this.stopped = true;
    this.over = true;
  }

  private run(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.length < 0) {
        at = this.readPrefix(chunk, at);
        if (this.prefixFilled < 5) return;
        this.begin();
      }
      if (!this.stopped) at = this.readBody(chunk, at);
      if (!this.stopped) continue;
      if (at < chunk.length && !this.over) this.rest = chunk.subarray(at);
      return;
    }
  }

  private readPrefix(chunk: Buffer, from: number): number {
    const part = Math.min(5 - this.prefixFilled, chunk.length - from);
    chunk.copy(this.prefix, this.prefixFilled, from, from + part);
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

  private readBody(chunk: Buffer, from: number): number {
    const { length } = this;
    const missing = length - this.filled;
    if (this.filled === 0 && chunk.length - from >= length) {
      // The whole message is in this chunk: no copy.
      this.deliver(chunk.subarray(from, from + length), length);
      return from + length;
    }
    const part = Math.min(missing, chunk.length - from);
    this.makeRoom(this.filled + part);
    chunk.copy(this.buffer, this.filled, from, from + part);
    this.filled += part;
    if (this.filled === length) this.deliver(this.buffer, length);
    return from + part;
  }

  /** The buffer grows with what has come, not with what was announced. */
  private makeRoom(bytes: number): void {
    if (this.buffer.length >= bytes) return;
    let size = Math.max(this.buffer.length * 2, firstBufferBytes);
    while (size < bytes) size *= 2;
    // A large message has its whole room reserved. Pages that nothing was written to cost nothing,
    // where growing would hold the message one and a half times and copy it twice.
    if (this.reserved > 0) size = this.length;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(size, this.length)));
    this.buffer.copy(larger, 0, 0, this.filled);
    this.buffer = larger;
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
