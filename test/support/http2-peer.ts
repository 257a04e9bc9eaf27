/** An HTTP/2 connection of ours in memory: what it writes is kept, and what it tells is noted. */
import { type ConnectionHandler, Http2Connection } from "../../src/http2/connection.ts";
import type { HeaderPairs } from "../../src/http2/header-encoder.ts";
import type { RequestHead } from "../../src/http2/header-list.ts";
import type { Http2Stream, StreamHandler } from "../../src/http2/http2-stream.ts";
import type { Http2Fault } from "../../src/http2/protocol.ts";
import { WindowGrowth } from "../../src/http2/receive-window.ts";
import { clientPreface, type Frame, framesOf, settings } from "./http2-frames.ts";

export interface PeerOptions {
  readonly role?: "server" | "client";
  /** Monotonic milliseconds; 0 for ever when it is not given. */
  readonly now?: () => number;
  readonly growthBytes?: number;
  /** Bytes that the socket takes; all when it is not given. */
  readonly takes?: (bytes: number) => number;
  /** Handler of each stream of a server; one that notes everything when it is not given. */
  readonly serve?: (stream: Http2Stream, head: RequestHead) => StreamHandler;
  /** Gives data back as it comes. */
  readonly consumes?: boolean;
}

export class Http2Peer implements ConnectionHandler {
  readonly connection: Http2Connection;
  /** What happened, a line each. */
  readonly notes: string[] = [];
  readonly streams = new Map<number, Http2Stream>();
  readonly faults: Http2Fault[] = [];
  /** Data of each stream, as it came. */
  readonly received = new Map<number, Buffer[]>();
  private written: Buffer[] = [];
  private readonly options: PeerOptions;

  constructor(options: PeerOptions = {}) {
    this.options = options;
    this.connection = new Http2Connection({
      role: options.role ?? "server",
      growth: new WindowGrowth(options.growthBytes ?? 64 * 1024 * 1024),
      now: options.now ?? (() => 0),
      handler: this,
      sink: (bytes, start, end) => {
        const count = options.takes?.(end - start) ?? end - start;
        if (count > 0) this.written.push(Buffer.from(bytes.slice(start, start + count)));
        return count;
      },
    });
    this.connection.flush();
  }

  /** A server that has greeted and been greeted; what it wrote so far is forgotten. */
  static greeted(options: PeerOptions = {}, own: Readonly<Record<number, number>> = {}): Http2Peer {
    const peer = new Http2Peer(options);
    peer.connection.receive(Buffer.concat([Buffer.from(clientPreface), settings(own)]));
    peer.take();
    return peer;
  }

  /** What was written since the last call. */
  take(): Frame[] {
    const { frames, rest } = framesOf(this.bytes());
    if (rest > 0) throw new Error(`${rest} bytes of a frame that is not whole`);
    return frames;
  }

  /** The same as bytes. */
  bytes(): Buffer {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    return bytes;
  }

  onStream(stream: Http2Stream, head: RequestHead): void {
    this.notes.push(`stream ${stream.id} ${head.method} ${head.path}`);
    this.streams.set(stream.id, stream);
    stream.attach(this.options.serve?.(stream, head) ?? this.noting(stream.id, () => stream));
  }

  onGreeted(): void {
    this.notes.push("greeted");
  }

  onGoaway(code: number, reason: string): void {
    this.notes.push(`goaway ${code} ${reason}`);
  }

  onPong(): void {
    this.notes.push("pong");
  }

  onPending(): void {
    this.connection.flush();
  }

  onFault(fault: Http2Fault): void {
    this.faults.push(fault);
    this.notes.push(`fault ${fault.code} ${fault.reason}`);
  }

  /** A handler that notes everything of stream `id`. Data is noted by its sum, so that cuts do not show. */
  noting(id: number, stream: () => Http2Stream | undefined): StreamHandler {
    const note = (text: string) => this.notes.push(`${id} ${text}`);
    const list = (fields: HeaderPairs) => fields.map((field) => field.join("=")).join(" ");
    return {
      onHead: (head) => note(`head ${head.status} ${list(head.fields)}`),
      onTrailers: (fields) => note(`trailers ${list(fields)}`),
      onData: (bytes, start, end) => {
        const parts = this.received.get(id) ?? [];
        this.received.set(id, parts);
        parts.push(bytes.subarray(start, end));
        if (this.options.consumes !== false) stream()?.done(end - start);
      },
      onEnd: () => note(`end after ${this.bytesOf(id).length}`),
      onClose: (code) => note(`closed ${code ?? "in order"}`),
    };
  }

  bytesOf(id: number): Buffer {
    return Buffer.concat(this.received.get(id) ?? []);
  }
}
