/** The streams of a connection by number, and what is known of numbers that have none (RFC 9113 section 5.1). */
import { limits } from "../config/limits.ts";
import type { Http2Stream } from "./http2-stream.ts";

export class StreamTable {
  /** Highest number that the peer has used. */
  lastOfPeer = 0;
  /** Highest number that we have used. */
  lastOfUs: number;
  private readonly open = new Map<number, Http2Stream>();
  /** Numbers of streams that we ended before the peer did; the oldest first. Its frames may be under way. */
  private readonly cut = new Set<number>();
  private latest: Http2Stream | undefined = undefined;

  constructor(role: "server" | "client") {
    this.lastOfUs = role === "client" ? -1 : 0;
  }

  get size(): number {
    return this.open.size;
  }

  values(): IterableIterator<Http2Stream> {
    return this.open.values();
  }

  get(id: number): Http2Stream | undefined {
    if (this.latest?.id === id) return this.latest;
    const stream = this.open.get(id);
    if (stream !== undefined) this.latest = stream;
    return stream;
  }

  add(stream: Http2Stream): void {
    this.open.set(stream.id, stream);
    this.latest = stream;
  }

  /** @param wasCut we ended it before the peer did */
  remove(stream: Http2Stream, wasCut: boolean): void {
    this.open.delete(stream.id);
    if (this.latest === stream) this.latest = undefined;
    if (wasCut) this.remember(stream.id);
  }

  /** A stream that is refused before it was one. */
  remember(id: number): void {
    this.cut.add(id);
    if (this.cut.size <= limits.cutStreamsMax) return;
    for (const oldest of this.cut) {
      this.cut.delete(oldest);
      return;
    }
  }

  /** Frames of it may still come, and mean nothing. */
  wasCut(id: number): boolean {
    return this.cut.has(id);
  }

  /** The peer has ended it as well: no more frames of it can be under way. */
  forget(id: number): void {
    this.cut.delete(id);
  }

  /** Nobody has used that number. */
  isIdle(id: number): boolean {
    const isOurs = (id & 1) === (this.lastOfUs & 1);
    return id > (isOurs ? this.lastOfUs : this.lastOfPeer);
  }
}
