/**
 * Leaky bucket, as a meter: what a connection sends beside the data of its calls. Bun shows no
 * WINDOW_UPDATE, PRIORITY or empty CONTINUATION frames and has no limit for them; a flood takes half
 * of a shard's time. But the system counts the bytes of a socket, and those that its calls are given
 * are known.
 */
import type { Readable } from "node:stream";
import { limits } from "../config/limits.ts";

export interface FrameMeterOptions {
  /** Bytes that the client has sent so far; undefined when nobody knows. */
  readonly received: () => number | undefined;
  readonly nowMs: number;
}

export class FrameMeter {
  /** Bytes of DATA frames, of all calls so far. */
  carried = 0;
  private readonly options: FrameMeterOptions;
  private atMs: number;
  private receivedBefore = 0;
  private carriedBefore = 0;
  /** What came beside the data and was more than clients need, so far. */
  private excess = 0;

  constructor(options: FrameMeterOptions) {
    this.options = options;
    this.atMs = options.nowMs;
  }

  /**
   * Counts the data of a call, whoever serves it and also when it was refused: what it is given, and what
   * was left of it at its end, which a paused call is never given.
   */
  add(call: Readable): void {
    call.on("data", (chunk: Buffer) => {
      this.carried += chunk.length;
    });
    call.once("close", () => {
      this.carried += call.readableLength;
    });
  }

  /**
   * True when far more came beside the data than any client needs for calls, windows and pings. Data that
   * a call has not been given yet looks the same, so that as much is let pass as all streams of a
   * connection may have on their way; it is made up for when they are given it.
   */
  isFlooded(nowMs: number): boolean {
    const received = this.options.received();
    if (received === undefined) return false;
    const seconds = (nowMs - this.atMs) / 1000;
    const data = this.carried - this.carriedBefore;
    const beside = received - this.receivedBefore - data;
    this.atMs = nowMs;
    this.receivedBefore = received;
    this.carriedBefore = this.carried;
    // Small frames and small TLS records add to their data, but not more than there is of it.
    if (beside > data || beside < 0) this.excess += beside;
    this.excess = Math.max(0, this.excess - seconds * limits.frameBytesPerSecondMax);
    return this.excess > limits.streamsPerConnectionMax * limits.streamWindowBytes;
  }
}
