/** A socket of Bun and the HTTP/2 connection on it: bytes go to and fro, and nothing else happens here. */
import type { Socket } from "bun";
import { limits } from "../config/limits.ts";
import { type ConnectionHandler, Http2Connection } from "./connection.ts";
import { errorCode } from "./protocol.ts";
import type { WindowGrowth } from "./receive-window.ts";

export interface Http2SocketOptions {
  readonly role: "server" | "client";
  readonly handler: Omit<ConnectionHandler, "onPending">;
  readonly growth: WindowGrowth;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The calls that come from the socket's handlers: `data`, `drain`, `closed`. */
export class Http2Socket {
  readonly connection: Http2Connection;
  /** When bytes came last; monotonic milliseconds. */
  receivedMs: number;
  private readonly socket: Socket<unknown>;
  private readonly now: () => number;
  private isClosed = false;

  constructor(socket: Socket<unknown>, options: Http2SocketOptions) {
    this.socket = socket;
    this.now = options.now;
    this.receivedMs = options.now();
    const { handler } = options;
    this.connection = new Http2Connection({
      role: options.role,
      growth: options.growth,
      now: options.now,
      sink: (bytes, start, end) =>
        this.isClosed ? -1 : socket.write(bytes as Uint8Array<ArrayBuffer>, start, end - start),
      handler: {
        onStream: (stream, head) => handler.onStream(stream, head),
        onGreeted: () => handler.onGreeted(),
        onGoaway: (code, reason) => handler.onGoaway(code, reason),
        onPong: () => handler.onPong(),
        onFault: (fault) => {
          handler.onFault(fault);
          // A flood is cut off at once; others have what they were sent last before the end.
          if (fault.code === errorCode.enhanceYourCalm) this.socket.end();
          else this.close();
        },
        // Behind what is going on now, so that what is said together goes together.
        onPending: () => queueMicrotask(() => this.connection.flush()),
      },
    });
    this.connection.flush();
  }

  data(bytes: Buffer): void {
    this.receivedMs = this.now();
    this.connection.receive(bytes);
  }

  drain(): void {
    this.connection.drained();
  }

  closed(): void {
    this.isClosed = true;
    this.connection.lost();
  }

  /** Closes behind what was written; a peer that does not close gets a little time. */
  close(): void {
    if (this.isClosed) return;
    // `end` would close both ways, and bytes that come then make the peer lose what it was sent.
    this.socket.shutdown();
    setTimeout(() => this.destroy(), limits.socketGraceMs).unref();
  }

  destroy(): void {
    if (!this.isClosed) this.socket.terminate();
  }
}
