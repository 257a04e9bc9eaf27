/** One client's connection, from the moment in which it came: all that is asked of it is found out once. */
import type { Socket } from "bun";
import { peerText } from "../base/peer-text.ts";
import { limits } from "../config/limits.ts";
import type { RequestHead } from "../http2/header-list.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import type { Http2Fault } from "../http2/protocol.ts";
import type { WindowGrowth } from "../http2/receive-window.ts";
import { Http2Socket } from "../http2/socket.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";

export interface ConnectionOptions {
  readonly socket: Socket<unknown>;
  /** Place of the client's address among the counts. */
  readonly slot: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly growth: WindowGrowth;
  /** An RPC has come, and does not flow yet. */
  readonly onStream: (connection: Connection, stream: Http2Stream, head: RequestHead) => void;
  /** What came on it cannot be read on; it is being closed. */
  readonly onFault: (connection: Connection, fault: Http2Fault) => void;
}

export class Connection {
  /** `address:port` of the client. */
  readonly peer: string;
  readonly slot: number;
  readonly sinceMs: number;
  /** Of the client; only when it was verified. */
  certificate: PeerCertificate | undefined = undefined;
  /** The client has sent its HTTP/2 preface and settings, behind the TLS handshake if there is one. */
  greeted = false;
  /** It is among those that the limits count. */
  counted = true;
  private readonly options: ConnectionOptions;
  private http2: Http2Socket | undefined = undefined;
  private pingedMs: number | undefined = undefined;
  private gone = false;
  private leaving = false;

  constructor(options: ConnectionOptions) {
    const { socket, slot, now } = options;
    this.options = options;
    this.peer = peerText(socket.remoteAddress, socket.remotePort);
    this.slot = slot;
    this.sinceMs = now();
  }

  /** HTTP/2 has begun: there is no handshake, or it is over. */
  get isReady(): boolean {
    return this.http2 !== undefined;
  }

  /** Its socket is closed. */
  get isGone(): boolean {
    return this.gone;
  }

  /** RPCs that are open. */
  get streams(): number {
    return this.http2?.connection.streams.size ?? 0;
  }

  /** Begins HTTP/2. */
  begin(certificate: PeerCertificate | undefined): void {
    this.certificate = certificate;
    const { socket, growth, now, onStream, onFault } = this.options;
    this.http2 = new Http2Socket(socket, {
      role: "server",
      growth,
      now,
      handler: {
        onStream: (stream, head) => onStream(this, stream, head),
        onGreeted: () => {
          this.greeted = true;
        },
        onGoaway: () => {},
        onPong: () => {},
        onFault: (fault) => onFault(this, fault),
      },
    });
    if (this.leaving) this.leave();
  }

  data(bytes: Buffer): void {
    this.pingedMs = undefined;
    this.http2?.data(bytes);
  }

  drain(): void {
    this.http2?.drain();
  }

  /** Its socket is closed. */
  closed(): void {
    this.gone = true;
    this.http2?.closed();
  }

  /** Says that it takes no more RPCs, so that its client makes the next one on another connection. */
  leave(): void {
    // In the middle of a handshake it is said behind it.
    this.leaving = true;
    this.http2?.connection.leave();
  }

  /** Says which RPC was the last, and closes. */
  close(code: number, reason: string): void {
    if (this.http2 === undefined) this.destroy();
    else this.http2.connection.fail({ code, reason });
  }

  /** Closes before HTTP/2 has begun. A reset would take from the client what TLS has told it. */
  refuse(): void {
    if (this.gone) return;
    this.options.socket.shutdown();
    setTimeout(() => this.destroy(), limits.socketGraceMs).unref();
  }

  destroy(): void {
    if (!this.gone) this.options.socket.terminate();
  }

  /** Asks a client of which nothing comes whether it is there; false when it does not answer. */
  keepsAlive(nowMs: number): boolean {
    const { http2 } = this;
    if (http2 === undefined) return true;
    if (this.pingedMs !== undefined) return nowMs - this.pingedMs < limits.keepaliveTimeoutMs;
    if (nowMs - http2.receivedMs >= limits.keepaliveIntervalMs) {
      this.pingedMs = nowMs;
      http2.connection.ping();
    }
    return true;
  }
}
