/** One RPC that control answers, on its HTTP/2 stream: bytes in, bytes out (`wire/tunnel.ts`). */
import type { ServerHttp2Stream } from "node:http2";
import { limits } from "../config/limits.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";
import { Envelope, type EnvelopeFault } from "./envelope.ts";
import {
  type GrpcStatus,
  messageFrame,
  messagePrefix,
  respondGrpc,
  sendTrailersOf,
} from "./grpc-response.ts";
import type { MessageRoom } from "./message-budget.ts";

/** Bytes of all RPCs of a shard that somebody has not read yet. */
export interface Unread {
  /** By control. */
  requests: number;
  /** By the clients. */
  answers: number;
}

export interface TunnelRpcOptions {
  readonly id: number;
  readonly room: MessageRoom;
  readonly messageBytesMax: number;
  /** The client has one message to send, and it has to come soon. */
  readonly isOneRequest: boolean;
  readonly unread: Unread;
  readonly post: (request: TunnelRequest) => void;
  /** Called before an answer of that many bytes is kept for a client; may end RPCs. */
  readonly makeRoom: (bytes: number) => void;
  /** Its stream is closed, and it holds nothing any more. */
  readonly onClosed: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const creditStep = limits.tunnelUnreadMessagesMax / 2;
/** What a message counts for beside its bytes: two objects, and a piece of memory of its own. */
const messageOverheadBytes = 256;
const enhanceYourCalm = 11;
const invalidArgument = 3;
const deadlineExceeded = 4;
const resourceExhausted = 8;
const unimplemented = 12;

export class TunnelRpc {
  private readonly http: ServerHttp2Stream;
  private readonly options: TunnelRpcOptions;
  private readonly envelope: Envelope;
  /** What each message counts for that control has and has not read. */
  private readonly posted: number[] = [];
  /** Messages that wait for control to read those before them. */
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private answerBytes = 0;
  private written = 0;
  private status: GrpcStatus = { code: 0, message: "" };
  private lastProgress: number;
  /** When the message under way began to come; undefined between messages. */
  private messageSince: number | undefined = undefined;
  private requested = false;
  private halfClosed = false;
  /** Control has no part in it any more; its client may still have answers to read. */
  private over = false;
  private closed = false;

  constructor(http: ServerHttp2Stream, options: TunnelRpcOptions) {
    this.http = http;
    this.options = options;
    this.lastProgress = options.now();
    this.envelope = new Envelope({
      messageBytesMax: options.messageBytesMax,
      smallBytesMax: limits.tunnelSmallMessageBytesMax,
      room: options.room,
      take: (bytes, length) => this.onMessage(bytes, length),
      // Unread, its stream would hold a whole window of bytes.
      wait: (waiting) => {
        if (waiting) this.fail(resourceExhausted, "no room for a message of this size now");
      },
      refuse: (fault) => this.refuse(fault),
    });
    respondGrpc(http);
    http.on("wantTrailers", () => sendTrailersOf(http, this.status));
    http.on("data", (chunk: Buffer) => this.onData(chunk));
    http.on("end", () => this.onEnd());
    http.on("close", () => this.onClose());
    http.on("error", () => this.onClose());
  }

  /** When its client last took an answer, or had none to take; monotonic milliseconds. */
  get progressMs(): number {
    return this.lastProgress;
  }

  get hasAnswers(): boolean {
    return this.answerBytes > 0;
  }

  /** Its client may not go on. */
  end({ code, message }: GrpcStatus): void {
    this.fail(code, message);
  }

  onResponse(response: TunnelResponse): void {
    if (this.over) return;
    switch (response.kind) {
      case "message":
        this.write(response.bytes);
        return;
      case "credit":
        this.onCredit(response.count);
        return;
      case "status":
        this.finish(response.code, response.message);
    }
  }

  /** Ends the RPC when its client does not send its request, or does not read; every few seconds. */
  sweep(now: number): void {
    const isInTheWay = this.envelope.hasRoom && this.options.room.othersWait();
    const messageMs = isInTheWay ? limits.messageGiveWayMs : limits.tunnelStallMsMax;
    if (now - (this.messageSince ?? now) >= messageMs) {
      this.fail(deadlineExceeded, `a message did not come within ${messageMs / 1000} s`);
      return;
    }
    if (now - this.lastProgress < limits.tunnelStallMsMax) return;
    if (this.answerBytes > 0) this.abandon();
    else if (this.options.isOneRequest && !this.requested) {
      const seconds = limits.tunnelStallMsMax / 1000;
      this.fail(deadlineExceeded, `the request did not come within ${seconds} s`);
    }
  }

  /** Ends the RPC and forgets answers that its client does not read. */
  abandon(): void {
    this.cancel();
    this.http.close(enhanceYourCalm);
    this.onClose();
  }

  private onData(chunk: Buffer): void {
    this.envelope.push(chunk);
    if (!this.envelope.partial) this.messageSince = undefined;
    else this.messageSince ??= this.options.now();
  }

  private onMessage(bytes: Buffer, length: number): boolean {
    if (this.over) return true;
    this.requested = true;
    this.messageSince = undefined;
    const { unread } = this.options;
    const cost = length + messageOverheadBytes;
    if (unread.requests + cost > limits.tunnelUnreadBytesMax) {
      this.fail(resourceExhausted, "too much is waiting to be answered");
      return true;
    }
    unread.requests += cost;
    // A copy: what is posted takes all the memory along that its bytes are a part of.
    const message = new Uint8Array(bytes.subarray(0, length));
    if (this.posted.length < limits.tunnelUnreadMessagesMax && this.waiting.length === 0) {
      this.post(message);
      return true;
    }
    this.waiting.push(message);
    this.waitingBytes += cost;
    if (this.waitingBytes > limits.tunnelWaitingBytesMax) {
      this.fail(resourceExhausted, "requests come faster than their answers are read");
    }
    return true;
  }

  private post(message: Uint8Array): void {
    this.posted.push(message.length + messageOverheadBytes);
    this.send({ kind: "message", id: this.options.id, bytes: message });
  }

  private onCredit(count: number): void {
    for (const cost of this.posted.splice(0, count)) this.options.unread.requests -= cost;
    while (this.waiting.length > 0 && this.posted.length < limits.tunnelUnreadMessagesMax) {
      const message = this.waiting.shift() as Uint8Array;
      this.waitingBytes -= message.length + messageOverheadBytes;
      this.post(message);
    }
    if (this.waiting.length === 0 && this.halfClosed) this.sendEnd();
  }

  private onEnd(): void {
    this.halfClosed = true;
    if (this.envelope.partial) {
      this.fail(invalidArgument, "the call ended in the middle of a message");
    } else if (this.waiting.length === 0) this.sendEnd();
  }

  private sendEnd(): void {
    this.send({ kind: "end", id: this.options.id });
  }

  /** Credit goes back only as HTTP/2 takes the messages, which it does as the client reads. */
  private write(message: Uint8Array): void {
    const { options, http } = this;
    const { length } = message;
    options.makeRoom(length);
    // It may have been this one that had to make room.
    if (this.over || http.destroyed) return;
    if (this.answerBytes === 0) this.lastProgress = options.now();
    this.answerBytes += length;
    options.unread.answers += length;
    // A large one is not copied to stand behind its prefix.
    const isLarge = length >= limits.answerCountedBytesMin;
    if (isLarge) http.write(messagePrefix(length));
    http.write(isLarge ? message : messageFrame(message), (error) => {
      if (this.closed || (error !== undefined && error !== null)) return;
      this.answerBytes -= length;
      options.unread.answers -= length;
      this.lastProgress = options.now();
      if (++this.written % creditStep !== 0) return;
      this.send({ kind: "credit", id: options.id, count: creditStep });
    });
  }

  private refuse(fault: EnvelopeFault): void {
    if (fault.kind === "compressed") {
      this.fail(unimplemented, "compressed messages are not accepted");
      return;
    }
    const max = this.options.messageBytesMax;
    this.fail(resourceExhausted, `a message of ${fault.length} bytes; the most is ${max}`);
  }

  /** Ends the RPC for a reason of the shard's own: control is told that it is over. */
  private fail(code: number, message: string): void {
    if (this.over) return;
    this.send({ kind: "cancel", id: this.options.id });
    this.finish(code, message);
  }

  private finish(code: number, message: string): void {
    this.status = { code, message };
    const { http } = this;
    this.leave();
    if (http.destroyed) return;
    http.end();
    // RST_STREAM(NO_ERROR) after the trailers: what the client still sends is not wanted.
    if (!this.halfClosed) http.once("finish", () => setImmediate(() => http.close(0)));
  }

  private cancel(): void {
    if (this.over) return;
    this.send({ kind: "cancel", id: this.options.id });
    this.leave();
  }

  /** Control is done with it. */
  private leave(): void {
    this.over = true;
    this.envelope.close();
    const { unread } = this.options;
    for (const cost of this.posted) unread.requests -= cost;
    unread.requests -= this.waitingBytes;
    this.waiting.length = 0;
  }

  private onClose(): void {
    this.cancel();
    if (this.closed) return;
    this.closed = true;
    this.options.unread.answers -= this.answerBytes;
    this.answerBytes = 0;
    this.options.onClosed();
  }

  private send(request: TunnelRequest): void {
    if (!this.over) this.options.post(request);
  }
}
