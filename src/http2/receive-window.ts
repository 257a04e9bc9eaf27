/**
 * How much a peer may send on one stream (RFC 9113 section 5.2). The window is given back as its bytes
 * are done with, and it grows while they are done with as fast as they come: a long way to the peer, or
 * a fast one, needs a larger one. What windows have beyond their first size has one sum for a shard.
 */
import { limits } from "../config/limits.ts";

/** Leaky sum: what all windows of a shard have above their beginning. */
export class WindowGrowth {
  private free: number;

  constructor(bytesMax: number) {
    this.free = bytesMax;
  }

  /** Takes that many bytes, or none. */
  take(bytes: number): boolean {
    if (bytes > this.free) return false;
    this.free -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.free += bytes;
  }
}

export class ReceiveWindow {
  private readonly growth: WindowGrowth;
  private size: number = limits.streamWindowBytesMin;
  /** What the peer may send now. */
  private open: number = limits.streamWindowBytesMin;
  private heldBytes = 0;
  /** Bytes that were done with since then: what comes in a round trip. */
  private passed = 0;
  private sinceMs: number;

  constructor(growth: WindowGrowth, nowMs: number) {
    this.growth = growth;
    this.sinceMs = nowMs;
  }

  /** Bytes that came and are not done with. */
  get held(): number {
    return this.heldBytes;
  }

  /** That many bytes came; false when the peer was not allowed to send them. */
  receive(bytes: number): boolean {
    this.open -= bytes;
    this.heldBytes += bytes;
    return this.open >= 0;
  }

  /** That many bytes are done with: the increment that the peer is to be told, or 0 for not yet. */
  done(bytes: number, nowMs: number, roundTripMs: number): number {
    // What was given back before its frame had come to its end (`Http2Stream.discard`) counts once.
    this.heldBytes = Math.max(0, this.heldBytes - bytes);
    this.passed += bytes;
    let increment = this.size - this.open - this.heldBytes;
    // Early enough for a client that goes by the 65,535 bytes of before our SETTINGS.
    if (increment * 4 < limits.streamWindowBytesMin) return 0;
    if (increment * 4 < this.size) return 0;
    increment += this.adapt(nowMs, roundTripMs);
    this.open += increment;
    return increment;
  }

  /** Twice what comes in a round trip is enough for a sender that never stops (bandwidth-delay product). */
  private adapt(nowMs: number, roundTripMs: number): number {
    const elapsedMs = nowMs - this.sinceMs;
    if (elapsedMs < roundTripMs) return 0;
    const inRoundTrip = (this.passed / elapsedMs) * roundTripMs;
    this.passed = 0;
    this.sinceMs = nowMs;
    const isInTheWay = inRoundTrip * 2 > this.size;
    return isInTheWay && this.size < limits.streamWindowBytesMax ? this.grow() : 0;
  }

  /** Its reader stands still: of what it grew by, others have what its peer cannot use any more. */
  shrink(): void {
    this.shrinkTo(Math.max(limits.streamWindowBytesMin, this.open + this.heldBytes));
  }

  /** Its stream is closed. */
  close(): void {
    this.shrinkTo(limits.streamWindowBytesMin);
  }

  private shrinkTo(size: number): void {
    if (size >= this.size) return;
    this.growth.giveBack(this.size - size);
    this.size = size;
  }

  private grow(): number {
    const larger = Math.min(2 * this.size, limits.streamWindowBytesMax);
    const more = larger - this.size;
    if (!this.growth.take(more)) return 0;
    this.size = larger;
    return more;
  }
}
