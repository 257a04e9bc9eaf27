/**
 * StreamPackets served straight on the HTTP/2 stream. grpc-js serves every other RPC; its message
 * queue costs a quarter of the whole transport here and hides how much of a message has arrived
 * (docs/decisions/0003-packet-streams-beside-grpc-js.md).
 */
import type { ServerHttp2Stream } from "node:http2";
import { limits } from "../config/limits.ts";
import type { HunterStream } from "../ingest/hunter-stream.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { StreamPort, StreamStatus } from "../ingest/stream-port.ts";
import { noteGarbage } from "../pipeline/collect.ts";
import { Envelope, type EnvelopeFault } from "./envelope.ts";
import { respondGrpc, sendTrailersOf } from "./grpc-response.ts";
import type { MessageRoom } from "./message-budget.ts";

export interface PacketStreamOptions {
  readonly ingest: Ingest;
  readonly room: MessageRoom;
  readonly messageBytesMax: number;
  /** `address:port` of the client. */
  readonly peer: string;
  readonly now: () => number;
  /** Why the RPC may not carry that hunter; undefined when it may. */
  readonly refusalOf: (hunterId: string) => StreamStatus | undefined;
}

const resourceExhausted = 8;
const deadlineExceeded = 4;
const unimplemented = 12;

/** One RPC of StreamPackets on its HTTP/2 stream. */
export class PacketStream implements StreamPort {
  readonly peer: string;
  private readonly http: ServerHttp2Stream;
  private readonly options: PacketStreamOptions;
  private readonly envelope: Envelope;
  private readonly hunterStream: HunterStream;
  private status: StreamStatus = { code: 0, message: "" };
  private lastProgress: number;
  private sinceProgress = 0;
  private halfClosed = false;
  private over = false;

  constructor(http: ServerHttp2Stream, options: PacketStreamOptions) {
    this.http = http;
    this.options = options;
    this.peer = options.peer;
    this.lastProgress = options.now();
    this.envelope = new Envelope({
      messageBytesMax: options.messageBytesMax,
      room: options.room,
      take: (bytes, length) => options.ingest.receive(this.hunterStream, bytes, length),
      wait: (waiting) => {
        // The time that it stood still for want of room is not the client's.
        this.lastProgress = options.now();
        this.flow(!waiting);
      },
      refuse: (fault) => this.refuse(fault),
    });
    this.respond();
    this.hunterStream = options.ingest.open(this);
    http.on("data", (chunk: Buffer) => this.onData(chunk));
    http.on("end", () => this.onEnd());
    http.on("close", () => this.onClose());
    http.on("drain", () => options.ingest.settle());
    http.on("error", () => this.onClose());
  }

  refusalOf(hunterId: string): StreamStatus | undefined {
    return this.options.refusalOf(hunterId);
  }

  /** Its client may not go on: ends the RPC after the acks that are due. */
  revoke({ code, message }: StreamStatus): void {
    if (!this.over) this.close(code, message);
  }

  /** What the client may carry has changed. */
  reconsider(): void {
    this.options.ingest.reconsider(this.hunterStream);
  }

  unreadBytes(): number {
    return this.http.writableLength;
  }

  write(frames: Buffer): void {
    if (!this.http.writableEnded && !this.http.destroyed) this.http.write(frames);
  }

  resume(): void {
    this.lastProgress = this.options.now();
    this.envelope.resume();
    if (this.envelope.holding) return;
    this.flow(true);
    if (this.halfClosed) this.finish();
  }

  end(status: StreamStatus): void {
    this.finishWith(status.code, status.message);
  }

  /** Ends the RPC when it stands still in the middle of a message; called every few seconds. */
  sweep(now: number): void {
    const { partial, holding, waitsForRoom } = this.envelope;
    // What it holds back may also be ours to take, and then the client stands still for us.
    if (this.over || !partial || (holding && !waitsForRoom)) return;
    const isInTheWay = this.envelope.hasRoom && this.options.room.othersWait();
    const stallMs = isInTheWay ? limits.messageGiveWayMs : limits.messageStallMsMax;
    if (now - this.lastProgress < stallMs) return;
    const seconds = stallMs / 1000;
    if (waitsForRoom) {
      const text = `no room for a message of this size within ${seconds} s; send it again later`;
      this.close(resourceExhausted, text);
    } else this.close(deadlineExceeded, `a message stood still for ${seconds} s`);
  }

  private respond(): void {
    respondGrpc(this.http);
    this.http.on("wantTrailers", () => sendTrailersOf(this.http, this.status));
  }

  private onData(chunk: Buffer): void {
    if (this.over) return;
    noteGarbage(chunk.length);
    this.noteProgress(chunk.length);
    this.envelope.push(chunk);
    // An RPC that has ended is read on, to nowhere: a paused stream would not close.
    if (this.over) return;
    if (this.envelope.holding || !this.hunterStream.reading) this.flow(false);
  }

  /** A large message has room that others wait for, so a few bytes now and then do not keep it. */
  private noteProgress(bytes: number): void {
    this.sinceProgress += bytes;
    if (this.envelope.hasRoom && this.sinceProgress < limits.messageProgressBytesMin) return;
    this.sinceProgress = 0;
    this.lastProgress = this.options.now();
  }

  private onEnd(): void {
    this.halfClosed = true;
    if (!this.envelope.holding) this.finish();
  }

  /** The client has sent its last byte, and all of it went to ingest. */
  private finish(): void {
    if (this.over) return;
    if (this.envelope.partial) {
      this.close(3, "the stream ended in the middle of a message");
    } else this.options.ingest.halfClosed(this.hunterStream);
  }

  private onClose(): void {
    if (this.over) return;
    this.over = true;
    this.envelope.close();
    this.options.ingest.closed(this.hunterStream);
  }

  private refuse(fault: EnvelopeFault): void {
    if (fault.kind === "compressed") {
      this.close(unimplemented, "compressed messages are not accepted");
      return;
    }
    const max = this.options.messageBytesMax;
    const text = `a message of ${fault.length} bytes is larger than ${max} (--max-message-size)`;
    this.close(resourceExhausted, text);
  }

  /** Ends the RPC after the acks that are still due. */
  private close(code: number, message: string): void {
    this.flow(false);
    this.options.ingest.close(this.hunterStream, { code, message });
  }

  private finishWith(code: number, message: string): void {
    if (this.over) return;
    this.over = true;
    this.status = { code, message };
    this.envelope.close();
    const { http } = this;
    if (http.destroyed) return;
    http.end();
    // What the client still sends is not wanted: RST_STREAM(NO_ERROR) after the trailers
    // (RFC 9113 section 8.1).
    if (!this.halfClosed) http.once("finish", () => setImmediate(() => http.close(0)));
    http.resume();
  }

  private flow(on: boolean): void {
    if (on) this.http.resume();
    else this.http.pause();
  }
}
