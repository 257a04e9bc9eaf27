/**
 * One RPC that control answers, at its client's end: requests go to control as they come, answers to the
 * client as it reads. Control is sent at most `limits.tunnelUnreadMessagesMax` requests that it has not
 * read, and a request with one answer is one message each way.
 */

import { limits } from "../config/limits.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import type { MessageRoom } from "../grpc/message-budget.ts";
import { messageFrame, messagePrefix } from "../grpc/response.ts";
import { ServerRpc, type ServerRpcHandler } from "../grpc/server-rpc.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import { errorCode } from "../http2/protocol.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";

/** Bytes of all RPCs of a shard that somebody has not read yet. */
export interface Unread {
  /** By control. */
  requests: number;
  /** By the clients. */
  answers: number;
}

/** What opens an RPC at control. */
export type TunnelOpening = Omit<Extract<TunnelRequest, { kind: "open" }>, "kind">;

export interface TunnelRpcOptions {
  readonly opening: TunnelOpening;
  /** One request and one answer: it goes to control when its request is whole. */
  readonly isUnary: boolean;
  /** The client has one message to send, and it has to come soon. */
  readonly isOneRequest: boolean;
  readonly room: MessageRoom;
  readonly messageBytesMax: number;
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

export class TunnelRpc implements ServerRpcHandler {
  private readonly options: TunnelRpcOptions;
  private readonly rpc: ServerRpc;
  /** What each message counts for that control has and has not read. */
  private readonly posted: number[] = [];
  /** Messages that wait for control to read those before them. */
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private answerBytes = 0;
  private written = 0;
  private lastProgress: number;
  /** When the message under way was first seen by a sweep; undefined between messages. */
  private messageSince: number | undefined = undefined;
  private requested = false;
  private halfClosed = false;
  /** Control knows of it, and has not answered to the end. */
  private isOpen = false;

  constructor(stream: Http2Stream, options: TunnelRpcOptions) {
    this.options = options;
    this.lastProgress = options.now();
    this.rpc = new ServerRpc(stream, {
      messageBytesMax: options.messageBytesMax,
      smallBytesMax: limits.tunnelSmallMessageBytesMax,
      limitHint: "",
      room: options.room,
      handler: this,
    });
    if (!options.isUnary) this.open({ kind: "open", ...options.opening });
    this.rpc.begin();
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
    if (!this.isOpen) return;
    switch (response.kind) {
      case "message":
        this.write(response.bytes);
        return;
      case "answer":
        if (response.bytes !== undefined) this.write(response.bytes);
        this.finish(response);
        return;
      case "credit":
        this.onCredit(response.count);
        return;
      case "status":
        this.finish(response);
    }
  }

  /** Ends the RPC when its client does not send its request, or does not read; every few seconds. */
  sweep(now: number): void {
    if (this.rpc.envelope.partial) this.messageSince ??= now;
    else this.messageSince = undefined;
    const isInTheWay = this.rpc.envelope.hasRoom && this.options.room.othersWait();
    const messageMs = isInTheWay ? limits.messageGiveWayMs : limits.tunnelStallMsMax;
    if (now - (this.messageSince ?? now) >= messageMs) {
      this.fail(grpcCode.deadlineExceeded, `a message did not come within ${messageMs / 1000} s`);
      return;
    }
    if (now - this.lastProgress < limits.tunnelStallMsMax) return;
    if (this.answerBytes > 0) this.abandon();
    else if (this.options.isOneRequest && !this.requested) {
      const seconds = limits.tunnelStallMsMax / 1000;
      this.fail(grpcCode.deadlineExceeded, `the request did not come within ${seconds} s`);
    }
  }

  /** Ends the RPC and forgets answers that its client does not read. */
  abandon(): void {
    this.rpc.reset(errorCode.enhanceYourCalm);
  }

  onMessage(bytes: Buffer, length: number): boolean {
    this.messageSince = undefined;
    if (this.rpc.isOver) return true;
    const { unread, isUnary, opening } = this.options;
    if (isUnary && this.requested) {
      this.fail(grpcCode.invalidArgument, "the RPC has more than one message");
      return true;
    }
    this.requested = true;
    const cost = length + messageOverheadBytes;
    if (unread.requests + cost > limits.tunnelUnreadBytesMax) {
      this.fail(grpcCode.resourceExhausted, "too much is waiting to be answered");
      return true;
    }
    unread.requests += cost;
    // A copy: what is posted takes all the memory along that its bytes are a part of.
    const message = new Uint8Array(bytes.subarray(0, length));
    if (isUnary) {
      this.posted.push(cost);
      this.open({ kind: "unary", ...opening, bytes: message });
      return true;
    }
    if (this.posted.length < limits.tunnelUnreadMessagesMax && this.waiting.length === 0) {
      this.post(message);
      return true;
    }
    this.waiting.push(message);
    this.waitingBytes += cost;
    if (this.waitingBytes > limits.tunnelWaitingBytesMax) {
      this.fail(grpcCode.resourceExhausted, "requests come faster than their answers are read");
    }
    return true;
  }

  onRoom(waiting: boolean): void {
    // Unread, its stream would hold a whole window of bytes.
    if (waiting) this.fail(grpcCode.resourceExhausted, "no room for a message of this size now");
  }

  onHalfClose(): void {
    this.messageSince = undefined;
    this.halfClosed = true;
    if (this.options.isUnary) {
      if (!this.requested) this.fail(grpcCode.invalidArgument, "the RPC has no message");
    } else if (this.waiting.length === 0) this.sendEnd();
  }

  onBadMessage({ code, message }: GrpcStatus): void {
    this.fail(code, message);
  }

  onCancel(): boolean {
    this.cancel();
    return false;
  }

  onClose(): void {
    this.options.unread.answers -= this.answerBytes;
    this.answerBytes = 0;
    this.options.onClosed();
  }

  private open(request: TunnelRequest): void {
    this.isOpen = true;
    this.options.post(request);
  }

  private post(message: Uint8Array): void {
    this.posted.push(message.length + messageOverheadBytes);
    this.options.post({ kind: "message", id: this.options.opening.id, bytes: message });
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

  private sendEnd(): void {
    this.options.post({ kind: "end", id: this.options.opening.id });
  }

  /** Credit goes back only as HTTP/2 takes the messages, which it does as the client reads. */
  private write(message: Uint8Array): void {
    const { options, rpc } = this;
    const { length } = message;
    options.makeRoom(length);
    // It may have been this one that had to make room.
    if (rpc.isOver) return;
    if (this.answerBytes === 0) this.lastProgress = options.now();
    this.answerBytes += length;
    options.unread.answers += length;
    // A large one is not copied to stand behind its prefix.
    const isLarge = length >= limits.answerCountedBytesMin;
    if (isLarge) rpc.write(messagePrefix(length));
    rpc.write(isLarge ? message : messageFrame(message), () => {
      this.answerBytes -= length;
      options.unread.answers -= length;
      this.lastProgress = options.now();
      if (options.isUnary || ++this.written % creditStep !== 0 || !this.isOpen) return;
      options.post({ kind: "credit", id: options.opening.id, count: creditStep });
    });
  }

  /** Ends the RPC for a reason of the shard's own: control is told that it is over. */
  private fail(code: number, message: string): void {
    if (this.rpc.isOver) return;
    this.cancel();
    this.rpc.finish({ code, message });
  }

  private finish({ code, message }: GrpcStatus): void {
    this.leave();
    this.rpc.finish({ code, message });
  }

  private cancel(): void {
    if (this.isOpen) this.options.post({ kind: "cancel", id: this.options.opening.id });
    this.leave();
  }

  /** Control is done with it. */
  private leave(): void {
    this.isOpen = false;
    const { unread } = this.options;
    for (const cost of this.posted.splice(0)) unread.requests -= cost;
    unread.requests -= this.waitingBytes;
    this.waitingBytes = 0;
    this.waiting.length = 0;
  }
}
