/**
 * One RPC at a server, on its HTTP/2 stream: messages come one by one, answers go as they are, a status
 * ends it. What packet streams, live views and the tunnel to control have in common.
 */
import type { FramedBytes } from "../http2/framed-bytes.ts";
import type { Http2Stream, StreamHandler } from "../http2/http2-stream.ts";
import { Envelope, type EnvelopeFault } from "./envelope.ts";
import { type GrpcStatus, grpcCode } from "./grpc-status.ts";
import type { MessageRoom } from "./message-budget.ts";
import { responseHead, trailersOf } from "./response.ts";

export interface ServerRpcOptions {
  readonly messageBytesMax: number;
  /** Up to this size a message needs no room. */
  readonly smallBytesMax: number;
  /** What says how the limit on messages can be changed, such as " (--max-message-size)"; or "". */
  readonly limitHint: string;
  readonly room: MessageRoom;
  readonly handler: ServerRpcHandler;
}

export interface ServerRpcHandler {
  /** Bytes have come, before what they hold is told. */
  onBytes?(count: number): void;
  /** Whether what has come may be read; false to keep it until `resume`. */
  mayRead?(): boolean;
  /**
   * A message; false to stop, and then `bytes` must stay as they are until `resume`. A message that is
   * kept is to be copied: it may be a part of a large read.
   */
  onMessage(bytes: Buffer, length: number): boolean;
  /** A large message waits for room (true), or has it (false). */
  onRoom(waiting: boolean): void;
  /** The client has sent its last message; nothing is held back. */
  onHalfClose(): void;
  /** What came cannot be read on; the RPC is to be ended with `status`. */
  onBadMessage(status: GrpcStatus): void;
  /**
   * The client has ended it, or its connection has. True to take the whole messages that have come all
   * the same: `resume` brings them, and `finish` ends that.
   */
  onCancel(): boolean;
  /** Once, last: nothing comes or goes any more. */
  onClose?(): void;
}

export class ServerRpc implements StreamHandler {
  readonly envelope: Envelope;
  private readonly stream: Http2Stream;
  private readonly handler: ServerRpcHandler;
  private readonly options: ServerRpcOptions;
  private halfClosed = false;
  private halfCloseTold = false;
  private ended = false;
  /** The client has left; its last messages may still be taken. */
  private left = false;

  constructor(stream: Http2Stream, options: ServerRpcOptions) {
    this.stream = stream;
    this.options = options;
    this.handler = options.handler;
    this.envelope = new Envelope({
      messageBytesMax: options.messageBytesMax,
      smallBytesMax: options.smallBytesMax,
      room: options.room,
      done: (bytes) => stream.done(bytes),
      mayRead: () => this.handler.mayRead?.() !== false,
      take: (bytes, length) => this.handler.onMessage(bytes, length),
      wait: (waiting) => this.handler.onRoom(waiting),
      refuse: (fault) => this.handler.onBadMessage(this.statusOf(fault)),
    });
    stream.sendHeaders(responseHead);
  }

  /** Begins to tell the handler, at once of what has come; to be called once. */
  begin(): void {
    this.stream.attach(this);
  }

  /** A status was sent, or the stream is gone. */
  get isOver(): boolean {
    return this.ended || this.left;
  }

  /** Bytes of answers that have not gone. */
  get queuedBytes(): number {
    return this.stream.queuedBytes;
  }

  /** Messages with their prefixes, which must not change until `taken`. */
  write(frames: Uint8Array, taken?: () => void): void {
    if (!this.isOver) this.stream.send(frames, taken);
  }

  /** The same, laid for many streams. */
  writeFramed(frames: FramedBytes, taken?: () => void): void {
    if (!this.isOver) this.stream.sendFramed(frames, taken);
  }

  /** Goes on after `onMessage` said stop; may call it at once. */
  resume(): void {
    if (this.ended) return;
    this.envelope.resume();
    this.tellHalfClose();
  }

  /** What its window grew by and its client cannot use is for streams that go on; called now and then. */
  shrink(): void {
    if (this.envelope.holding) this.stream.window.shrink();
  }

  /** Ends the RPC behind the answers that were sent. What still comes is forgotten. */
  finish(status: GrpcStatus): void {
    if (this.ended) return;
    this.ended = true;
    this.envelope.close();
    if (this.left) return;
    this.stream.end(trailersOf(status));
    this.stream.discard();
  }

  /** Ends the RPC at once, without a status. */
  reset(code: number): void {
    this.stream.reset(code);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.ended) {
      this.stream.done(end - start);
      return;
    }
    this.handler.onBytes?.(end - start);
    this.envelope.push(bytes, start, end);
  }

  onEnd(): void {
    this.halfClosed = true;
    this.tellHalfClose();
  }

  onClose(): void {
    if (!this.ended) {
      this.left = true;
      if (!this.handler.onCancel()) {
        this.ended = true;
        this.envelope.close();
      }
    }
    this.handler.onClose?.();
  }

  private tellHalfClose(): void {
    if (!this.halfClosed || this.halfCloseTold || this.isOver || this.envelope.holding) return;
    this.halfCloseTold = true;
    if (this.envelope.partial) {
      const message = "the stream ended in the middle of a message";
      this.handler.onBadMessage({ code: grpcCode.invalidArgument, message });
    } else this.handler.onHalfClose();
  }

  private statusOf(fault: EnvelopeFault): GrpcStatus {
    if (fault.kind === "compressed") {
      return { code: grpcCode.unimplemented, message: "compressed messages are not accepted" };
    }
    const { messageBytesMax, limitHint } = this.options;
    const message = `a message of ${fault.length} bytes is larger than ${messageBytesMax}${limitHint}`;
    return { code: grpcCode.resourceExhausted, message };
  }
}
