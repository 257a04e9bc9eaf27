/** One RPC of StreamPackets: its messages go to ingest as they come, and acks go back. */

import { limits } from "../config/limits.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import type { MessageRoom } from "../grpc/message-budget.ts";
import { ServerRpc, type ServerRpcHandler } from "../grpc/server-rpc.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import type { HunterStream } from "../ingest/hunter-stream.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { StreamPort } from "../ingest/stream-port.ts";
import { noteGarbage } from "../pipeline/collect.ts";

export interface PacketStreamOptions {
  readonly ingest: Ingest;
  readonly room: MessageRoom;
  readonly messageBytesMax: number;
  /** `address:port` of the client. */
  readonly peer: string;
  readonly now: () => number;
  /** Why the RPC may not carry that hunter; undefined when it may. */
  readonly refusalOf: (hunterId: string) => GrpcStatus | undefined;
  /** Its stream is closed. */
  readonly onClosed: () => void;
}

export class PacketStream implements StreamPort, ServerRpcHandler {
  readonly peer: string;
  private readonly options: PacketStreamOptions;
  private readonly rpc: ServerRpc;
  private readonly hunterStream: HunterStream;
  private lastProgress: number;
  private sinceProgress = 0;
  /** Acks that nobody reads keep the stream from being read. */
  private hasUnread = false;
  private readonly onTaken = (): void => {
    if (!this.hasUnread || this.rpc.queuedBytes > 0) return;
    this.hasUnread = false;
    this.options.ingest.settle();
  };

  constructor(stream: Http2Stream, options: PacketStreamOptions) {
    this.options = options;
    this.peer = options.peer;
    this.lastProgress = options.now();
    this.rpc = new ServerRpc(stream, {
      messageBytesMax: options.messageBytesMax,
      smallBytesMax: limits.smallMessageBytesMax,
      limitHint: " (--max-message-size)",
      room: options.room,
      handler: this,
    });
    this.hunterStream = options.ingest.open(this);
    this.rpc.begin();
  }

  /** A message has begun to come, and nothing keeps it from coming. */
  get isReceiving(): boolean {
    const { partial, holding } = this.rpc.envelope;
    return partial && !holding && !this.rpc.isOver;
  }

  refusalOf(hunterId: string): GrpcStatus | undefined {
    return this.options.refusalOf(hunterId);
  }

  /** Its client may not go on: ends the RPC after the acks that are due. */
  revoke({ code, message }: GrpcStatus): void {
    if (!this.rpc.isOver) this.close(code, message);
  }

  /** What the client may carry has changed. */
  reconsider(): void {
    this.options.ingest.reconsider(this.hunterStream);
  }

  unreadBytes(): number {
    const bytes = this.rpc.queuedBytes;
    this.hasUnread ||= bytes >= limits.unreadAckBytesMax;
    return bytes;
  }

  write(frames: Buffer): void {
    this.rpc.write(frames, this.onTaken);
  }

  resume(): void {
    this.lastProgress = this.options.now();
    this.rpc.resume();
  }

  end(status: GrpcStatus): void {
    this.rpc.finish(status);
  }

  /** Ends the RPC when it stands still in the middle of a message; called every few seconds. */
  sweep(now: number): void {
    this.rpc.shrink();
    const { partial, holding, waitsForRoom, hasRoom } = this.rpc.envelope;
    // What it holds back may also be ours to take, and then the client stands still for us.
    if (this.rpc.isOver || !partial || (holding && !waitsForRoom)) return;
    const isInTheWay = hasRoom && this.options.room.othersWait();
    const stallMs = isInTheWay ? limits.messageGiveWayMs : limits.messageStallMsMax;
    if (now - this.lastProgress < stallMs) return;
    const seconds = stallMs / 1000;
    if (waitsForRoom) {
      const text = `no room for a message of this size within ${seconds} s; send it again later`;
      this.close(grpcCode.resourceExhausted, text);
    } else this.close(grpcCode.deadlineExceeded, `a message stood still for ${seconds} s`);
  }

  onBytes(count: number): void {
    noteGarbage(count);
    // A large message has room that others wait for, so a few bytes now and then do not keep it.
    this.sinceProgress += count;
    if (this.rpc.envelope.hasRoom && this.sinceProgress < limits.messageProgressBytesMin) return;
    this.sinceProgress = 0;
    this.lastProgress = this.options.now();
  }

  mayRead(): boolean {
    return this.options.ingest.mayReceive(this.hunterStream);
  }

  onMessage(bytes: Buffer, length: number): boolean {
    return this.options.ingest.receive(this.hunterStream, bytes, length);
  }

  onRoom(waiting: boolean): void {
    // The time that it stood still for want of room is not the client's.
    this.lastProgress = this.options.now();
    if (!waiting) this.options.ingest.endDeparted(this.hunterStream);
  }

  onHalfClose(): void {
    this.options.ingest.halfClosed(this.hunterStream);
  }

  onBadMessage({ code, message }: GrpcStatus): void {
    this.close(code, message);
  }

  holdsBytes(): boolean {
    return this.rpc.envelope.holding;
  }

  onCancel(): boolean {
    return this.options.ingest.closed(this.hunterStream);
  }

  onClose(): void {
    this.options.onClosed();
  }

  /** Ends the RPC after the acks that are still due. */
  private close(code: number, message: string): void {
    this.options.ingest.close(this.hunterStream, { code, message });
  }
}
