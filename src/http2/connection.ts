/**
 * One HTTP/2 connection (RFC 9113), of a server or of a client, without socket and timers: received bytes
 * go into `receive`, what is to be sent goes into the `ByteSink`, what happens is told to the handlers.
 */
import { limits } from "../config/limits.ts";
import { FloodGuard } from "./flood-guard.ts";
import { FrameReader } from "./frame-reader.ts";
import { HeaderDecoder } from "./header-decoder.ts";
import type { RequestHead } from "./header-list.ts";
import { Http2Stream, type StreamHandler } from "./http2-stream.ts";
import { type ByteSink, Output } from "./output.ts";
import {
  errorCode,
  firstWindowBytes,
  frameType,
  type Http2Fault,
  preface,
  settingId,
  streamIdMax,
} from "./protocol.ts";
import { ReceiveWindow, type WindowGrowth } from "./receive-window.ts";
import { ReceivedFrames } from "./received-frames.ts";
import { Sender } from "./sender.ts";
import { encodeSettings, firstPeerSettings, type PeerSettings } from "./settings.ts";
import { StreamTable } from "./stream-table.ts";

export interface ConnectionHandler {
  /** Of a server: a request. The stream is to get its handler now or later. */
  onStream(stream: Http2Stream, head: RequestHead): void;
  /** The peer's first SETTINGS have come. */
  onGreeted(): void;
  /** The peer takes no more streams; those of ours above `lastStreamId` are closed as refused. */
  onGoaway(code: number, reason: string): void;
  /** A PING of ours was answered. */
  onPong(): void;
  /** Something is to be sent: `flush` is to be called soon. Told once until then. */
  onPending(): void;
  /** The connection is over: GOAWAY is written, and the socket is to be closed. */
  onFault(fault: Http2Fault): void;
}

export interface ConnectionOptions {
  readonly role: "server" | "client";
  readonly sink: ByteSink;
  readonly handler: ConnectionHandler;
  /** Of all connections of a shard. */
  readonly growth: WindowGrowth;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Before one was measured, and what a busy thread cannot tell from nothing. */
const firstRoundTripMs = 1000;
const roundTripMsMin = 1;

export class Http2Connection {
  readonly peer: PeerSettings = firstPeerSettings();
  readonly streams: StreamTable;
  readonly output: Output;
  readonly guard: FloodGuard;
  readonly decoder: HeaderDecoder;
  readonly options: ConnectionOptions;
  readonly sender: Sender;
  /** From a SETTINGS or PING of ours to its answer, the shortest seen; a guess until then. */
  roundTripMs = firstRoundTripMs;
  private readonly reader: FrameReader;
  private askedMs: number;
  /** Bytes of the client's preface that have come. */
  private prefaceRead: number;
  private isOver = false;
  private isPending = false;
  private isReceiving = false;
  private leaving = false;
  /** The peer takes no more streams. */
  private peerLeaves = false;

  constructor(options: ConnectionOptions) {
    const { role, sink, now } = options;
    this.options = options;
    this.streams = new StreamTable(role);
    this.output = new Output(sink);
    this.guard = new FloodGuard(now);
    this.decoder = new HeaderDecoder({
      tableBytesMax: limits.headerTableBytes,
      listBytesMax: limits.headerBytesMax,
    });
    this.sender = new Sender(this.output, (stream) => this.localEnded(stream));
    this.reader = new FrameReader(new ReceivedFrames(this));
    this.prefaceRead = role === "server" ? 0 : preface.length;
    this.askedMs = now();
    this.greet();
  }

  get over(): boolean {
    return this.isOver;
  }

  /** We have said that we take no more streams. */
  get isLeaving(): boolean {
    return this.leaving;
  }

  /** Bytes from the peer, which must not change afterwards. */
  receive(bytes: Buffer): void {
    if (this.isOver) return;
    this.isReceiving = true;
    const fault = this.read(bytes);
    this.isReceiving = false;
    if (fault !== undefined) this.fail(fault);
    else this.flush();
  }

  /** Writes what may go now. */
  flush(): void {
    if (this.isOver) return;
    this.isPending = false;
    const { sender } = this;
    const { frames: framesBefore, bytes: bytesBefore } = sender;
    sender.pump();
    const frames = sender.frames - framesBefore;
    if (frames > 0) {
      // Peers answer data with windows, some with two for each 4 KiB, and probe the way with pings.
      const pieces = (sender.bytes - bytesBefore) / limits.windowUpdateForBytes;
      this.guard.earn("windowUpdates", 3 * frames + pieces);
      this.guard.earn("pings", frames);
    }
    if (this.output.stuck && this.output.length > limits.unreadControlBytesMax) {
      const reason = "answers to its frames that it does not read";
      this.fail({ code: errorCode.enhanceYourCalm, reason });
    }
  }

  /** The socket takes more. */
  drained(): void {
    this.output.drained();
    this.flush();
  }

  /** The socket is closed. */
  lost(): void {
    this.finish(errorCode.cancel);
  }

  /** Of a client: a request; undefined when the peer takes no stream now. */
  request(block: Buffer, handler: StreamHandler): Http2Stream | undefined {
    const id = this.streams.lastOfUs + 2;
    const isFull = this.streams.size >= this.peer.streamsMax || id > streamIdMax;
    if (this.isOver || this.leaving || this.peerLeaves || isFull) return undefined;
    this.streams.lastOfUs = id;
    const stream = this.newStream(id);
    stream.attach(handler);
    stream.sendHeaders(block);
    return stream;
  }

  ping(): void {
    this.askedMs = this.options.now();
    this.output.frameHeader(8, frameType.ping, 0, 0);
    this.output.uint32(0x77656972);
    this.output.uint32(0);
    this.pend();
  }

  /** Says that no more streams are taken; those that are open go on. */
  leave(): void {
    if (this.isOver || this.leaving) return;
    this.leaving = true;
    // The peer may have sent streams already, which are taken (RFC 9113 section 6.8).
    this.goaway(streamIdMax, { code: errorCode.noError, reason: "" });
    this.pend();
  }

  /** Ends the connection: GOAWAY with the last stream, and every stream is closed. */
  fail(fault: Http2Fault): void {
    if (this.isOver) return;
    this.goaway(this.streams.lastOfPeer, fault);
    this.output.flush();
    this.finish(fault.code);
    this.options.handler.onFault(fault);
  }

  // What ReceivedFrames and the streams ask for.

  newStream(id: number): Http2Stream {
    const window = new ReceiveWindow(this.options.growth, this.options.now());
    const stream = new Http2Stream(id, this, window, this.peer.initialWindowBytes);
    this.streams.add(stream);
    return stream;
  }

  /** GOAWAY has come: of a client, the streams above `lastStreamId` are closed as refused. */
  left(lastStreamId: number): void {
    this.peerLeaves = true;
    if (this.options.role === "server") return;
    for (const stream of [...this.streams.values()]) {
      if (stream.id > lastStreamId) this.close(stream, errorCode.refusedStream, false);
    }
  }

  /** SETTINGS or PING of ours came back. */
  answered(): void {
    const tookMs = Math.max(roundTripMsMin, this.options.now() - this.askedMs);
    this.roundTripMs = Math.min(this.roundTripMs, tookMs);
  }

  wake(stream: Http2Stream): void {
    this.sender.wake(stream);
    this.pend();
  }

  credit(stream: Http2Stream, bytes: number): void {
    const increment = stream.window.done(bytes, this.options.now(), this.roundTripMs);
    if (increment === 0 || stream.remoteEnded) return;
    this.output.windowUpdate(stream.id, increment);
    this.pend();
  }

  reset(stream: Http2Stream, code: number): void {
    this.resetId(stream.id, code);
    this.close(stream, code, !stream.remoteEnded);
  }

  resetId(id: number, code: number): void {
    if (this.isOver) return;
    this.output.frameHeader(4, frameType.rstStream, 0, id);
    this.output.uint32(code);
    this.pend();
  }

  /** @param code undefined: it ended in good order */
  close(stream: Http2Stream, code: number | undefined, wasCut: boolean): void {
    this.streams.remove(stream, wasCut);
    this.sender.forget(stream);
    stream.window.close();
    stream.close(code);
  }

  pend(): void {
    if (this.isPending || this.isReceiving || this.isOver) return;
    this.isPending = true;
    this.options.handler.onPending();
  }

  private read(bytes: Buffer): Http2Fault | undefined {
    let from = 0;
    if (this.prefaceRead < preface.length) {
      const count = Math.min(preface.length - this.prefaceRead, bytes.length);
      const isRight = bytes.compare(preface, this.prefaceRead, this.prefaceRead + count, 0, count);
      if (isRight !== 0) return { code: errorCode.protocolError, reason: notHttp2 };
      this.prefaceRead += count;
      from = count;
    }
    return from < bytes.length ? this.reader.read(bytes, from) : undefined;
  }

  private greet(): void {
    const { role } = this.options;
    const settings: [number, number][] =
      role === "server"
        ? [
            [settingId.maxConcurrentStreams, limits.streamsPerConnectionMax],
            [settingId.initialWindowSize, limits.streamWindowBytesMin],
            [settingId.maxHeaderListSize, limits.headerBytesMax],
          ]
        : [
            [settingId.enablePush, 0],
            [settingId.initialWindowSize, limits.streamWindowBytesMin],
            [settingId.maxHeaderListSize, limits.headerBytesMax],
          ];
    const payload = encodeSettings(settings);
    if (role === "client") this.output.bytes(preface);
    this.output.frameHeader(payload.length, frameType.settings, 0, 0);
    this.output.bytes(payload);
    this.output.windowUpdate(0, limits.connectionWindowBytes - firstWindowBytes);
  }

  /** Our last byte of a stream is laid. */
  private localEnded(stream: Http2Stream): void {
    if (stream.remoteEnded) this.close(stream, undefined, false);
    else if (this.options.role === "server") stream.cutShort();
  }

  private goaway(lastStreamId: number, { code, reason }: Http2Fault): void {
    const debug = Buffer.from(reason, "latin1");
    this.output.frameHeader(8 + debug.length, frameType.goaway, 0, 0);
    this.output.uint32(lastStreamId);
    this.output.uint32(code);
    this.output.bytes(debug);
  }

  private finish(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const stream of [...this.streams.values()]) this.close(stream, code, false);
    this.output.clear();
  }
}

/** The reason of a fault when the first bytes are none of HTTP/2. */
export const notHttp2 = "what came is not HTTP/2";
