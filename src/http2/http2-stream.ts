/** One stream of an HTTP/2 connection: its two halves, its windows, and what it has to send. */
import { assert } from "../base/assert.ts";
import type { FramedBytes } from "./framed-bytes.ts";
import type { HeaderPairs } from "./header-encoder.ts";
import type { ResponseHead } from "./header-list.ts";
import { errorCode } from "./protocol.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import { SendQueue } from "./send-queue.ts";

/** What comes of a stream goes to its handler. */
export interface StreamHandler {
  /** Of a client: the head of the response. */
  onHead?(head: ResponseHead): void;
  /** Trailers; the end follows. */
  onTrailers?(fields: HeaderPairs): void;
  /**
   * Data, in `bytes[start..end)`, which stay as they are. Each byte is to be given back with `done`, at
   * once or later: the peer may send no more than its window.
   */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The peer has sent its last byte. */
  onEnd(): void;
  /** Once, last: in good order (undefined), or reset by the peer, by us, or with its connection. */
  onClose(code: number | undefined): void;
}

/** What a stream asks of its connection. */
export interface StreamHost {
  /** Something is to be sent. */
  wake(stream: Http2Stream): void;
  /** The peer may send so much more. */
  credit(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: number): void;
}

export class Http2Stream {
  readonly id: number;
  /** What the peer may send. */
  readonly window: ReceiveWindow;
  readonly queue: SendQueue = new SendQueue();
  /** What we may send; below 0 after a setting that took some away (RFC 9113 section 6.9.2). */
  sendWindow: number;
  /** It stands in the connection's queue of streams that can send. */
  isReady = false;
  /** Bytes that its content-length announced and that have not come; -1 without one. */
  expectedBytes = -1;
  /** The peer has sent its last byte. */
  remoteEnded = false;
  /** We have sent our last byte. */
  localEnded = false;
  /** A head has come; what follows are trailers. */
  hasHead = false;
  /** Data is not wanted any more: what comes is given back and forgotten. */
  private discards = false;
  private ending = false;
  private handler: StreamHandler | undefined = undefined;
  private closed = false;
  private closeCode: number | undefined = undefined;
  /** What came before there was a handler. */
  private early: { readonly bytes: Buffer; readonly start: number; readonly end: number }[] = [];
  private readonly host: StreamHost;

  constructor(id: number, host: StreamHost, window: ReceiveWindow, sendWindow: number) {
    this.id = id;
    this.host = host;
    this.window = window;
    this.sendWindow = sendWindow;
  }

  /** Nothing comes or goes any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Bytes of data that were sent here and have not gone. */
  get queuedBytes(): number {
    return this.queue.bytes;
  }

  /** Gives the stream to `handler`, at once with all that has come. */
  attach(handler: StreamHandler): void {
    assert(this.handler === undefined, "a stream has one handler");
    this.handler = handler;
    const { early } = this;
    this.early = [];
    for (const { bytes, start, end } of early) {
      if (!this.closed) handler.onData(bytes, start, end);
    }
    if (this.remoteEnded && !this.closed) handler.onEnd();
    if (this.closed) handler.onClose(this.closeCode);
  }

  /** A header block that is not the last of the stream. */
  sendHeaders(block: Buffer): void {
    this.enqueue({ kind: "headers", block, endsStream: false });
  }

  /** Data, which must not change until `taken`. */
  send(bytes: Uint8Array, taken?: () => void): void {
    const { length } = bytes;
    if (length === 0) taken?.();
    else this.enqueue({ kind: "data", bytes, framed: undefined, length, sent: 0, taken });
  }

  /** Data that other streams are sent as well; it must not change until `taken`. */
  sendFramed(framed: FramedBytes, taken?: () => void): void {
    const { bytes, length } = framed;
    this.enqueue({ kind: "data", bytes, framed, length, sent: 0, taken });
  }

  /** The last of the stream, behind all that was sent: a header block, or nothing. */
  end(block?: Buffer): void {
    if (this.ending) return;
    this.enqueue(
      block === undefined ? { kind: "end" } : { kind: "headers", block, endsStream: true },
    );
    this.ending = true;
  }

  /** Ends both halves at once; what has not gone is forgotten. */
  reset(code: number): void {
    if (!this.closed) this.host.reset(this, code);
  }

  /** That many bytes of `onData` are done with. */
  done(bytes: number): void {
    if (!this.closed && bytes > 0) this.host.credit(this, bytes);
  }

  /** What still comes is not wanted: it is given back and forgotten. */
  discard(): void {
    this.discards = true;
    this.done(this.window.held);
  }

  /** Data from the connection; the stream's window has been asked. */
  take(bytes: Buffer, start: number, end: number): void {
    if (this.discards) this.done(end - start);
    else if (this.handler === undefined) this.early.push({ bytes, start, end });
    else this.handler.onData(bytes, start, end);
  }

  takeHead(head: ResponseHead): void {
    this.handler?.onHead?.(head);
  }

  takeTrailers(fields: HeaderPairs): void {
    this.handler?.onTrailers?.(fields);
  }

  takeEnd(): void {
    this.remoteEnded = true;
    this.handler?.onEnd();
  }

  /** From the connection: nothing comes or goes any more. */
  close(code: number | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.closeCode = code;
    this.queue.clear();
    this.early = [];
    this.handler?.onClose(code);
  }

  /** After our end: what the peer still sends is not wanted (RFC 9113 section 8.1). */
  cutShort(): void {
    this.reset(errorCode.noError);
  }

  private enqueue(item: Parameters<SendQueue["push"]>[0]): void {
    if (this.closed || this.ending) return;
    this.queue.push(item);
    this.host.wake(this);
  }
}
