/**
 * What a connection sends of its streams: a fair queue, a few frames of one stream and then the next, by
 * what the windows of the stream and of the connection take (RFC 9113 section 5.2).
 */
import { noTable } from "./header-encoder.ts";
import type { Http2Stream } from "./http2-stream.ts";
import type { Output } from "./output.ts";
import {
  firstWindowBytes,
  flag,
  frameHeaderBytes,
  framePayloadBytesMax,
  frameType,
} from "./protocol.ts";
import type { DataItem, HeadersItem } from "./send-queue.ts";

/** Frames of one stream before it is another's turn. */
const framesInTurn = 16;
/**
 * How a turn ends: the stream has more and waits behind the others ("later"), it has sent nothing since
 * the socket takes nothing and stays the first ("again"), it waits for the connection's window
 * ("starved"), or it has nothing that may go now ("idle").
 */
type TurnEnd = "later" | "again" | "starved" | "idle";
const wholeFrameBytes = frameHeaderBytes + framePayloadBytesMax;

export class Sender {
  /** What the connection may send; below 0 never. */
  window: number = firstWindowBytes;
  /** DATA frames sent, and bytes in them. */
  frames = 0;
  bytes = 0;
  private readonly output: Output;
  /** Called when the last of a stream has been laid. */
  private readonly ended: (stream: Http2Stream) => void;
  /** The stream whose turn is next comes first. */
  private ready: Http2Stream[] = [];
  /** Streams that wait for the connection's window alone; who waits longest comes first. */
  private starved: Http2Stream[] = [];
  private sentBlock = false;

  constructor(output: Output, ended: (stream: Http2Stream) => void) {
    this.output = output;
    this.ended = ended;
  }

  /** The stream has something to send, or may send more. */
  wake(stream: Http2Stream): void {
    if (stream.isReady || stream.isClosed) return;
    stream.isReady = true;
    this.ready.push(stream);
  }

  /** The connection may send more. */
  open(bytes: number): void {
    this.window += bytes;
    if (this.window <= 0 || this.starved.length === 0) return;
    this.ready.push(...this.starved);
    this.starved = [];
  }

  /** The stream is closed. */
  forget(stream: Http2Stream): void {
    if (!stream.isReady) return;
    stream.isReady = false;
    for (const queue of [this.ready, this.starved]) {
      const at = queue.indexOf(stream);
      if (at >= 0) queue.splice(at, 1);
    }
  }

  /** Lays and writes until nothing is left that may go, or the socket takes no more. */
  pump(): void {
    while (!this.output.stuck) {
      const stream = this.ready.shift();
      if (stream === undefined) break;
      const end = this.turn(stream);
      if (stream.isClosed) continue;
      if (end === "later") this.ready.push(stream);
      else if (end === "again") this.ready.unshift(stream);
      else if (end === "starved") this.starved.push(stream);
      else stream.isReady = false;
    }
    this.output.flush();
  }

  private turn(stream: Http2Stream): TurnEnd {
    for (let frames = framesInTurn; frames > 0; ) {
      const item = stream.queue.head;
      if (item === undefined) return "idle";
      if (item.kind !== "data") {
        if (item.kind === "headers") this.headers(stream, item);
        else this.output.frameHeader(0, frameType.data, flag.endStream, stream.id);
        stream.queue.shift();
        frames--;
        if (item.kind === "headers" && !item.endsStream) continue;
        stream.localEnded = true;
        this.ended(stream);
        return "idle";
      }
      if (stream.sendWindow <= 0) return "idle";
      const hasSent = frames < framesInTurn;
      // Who has used up the window waits behind those that had nothing of it.
      if (this.window <= 0) return hasSent ? "later" : "starved";
      const sent = this.data(stream, item, frames);
      if (sent === 0) return hasSent ? "later" : "again";
      frames -= sent;
      if (this.output.stuck) return "later";
    }
    return "later";
  }

  /** Sends of one item; the frames, 0 when the socket has to take some first. */
  private data(stream: Http2Stream, item: DataItem, framesMax: number): number {
    const allowed = Math.min(stream.sendWindow, this.window);
    const rest = item.length - item.sent;
    const offset = item.sent % framePayloadBytesMax;
    if (item.framed !== undefined && offset === 0) {
      const isWhole = rest <= allowed && rest <= framesMax * framePayloadBytesMax;
      const whole = Math.min(framesMax, Math.floor(allowed / framePayloadBytesMax));
      const bytes = isWhole ? rest : whole * framePayloadBytesMax;
      if (bytes > 0) return this.output.flush() ? this.pass(stream, item, bytes) : 0;
    }
    let bytes = Math.min(rest, allowed, framePayloadBytesMax);
    let from = item.sent;
    if (item.framed !== undefined) {
      bytes = Math.min(bytes, framePayloadBytesMax - offset);
      from = item.framed.at(item.sent);
    }
    const { output } = this;
    if (output.room < frameHeaderBytes + bytes && !output.flush()) return 0;
    output.frameHeader(bytes, frameType.data, 0, stream.id);
    output.bytes(item.bytes, from, from + bytes);
    this.account(stream, item, bytes, 1);
    return 1;
  }

  /** Sends whole frames of bytes that are laid as frames, without a copy. */
  private pass(stream: Http2Stream, item: DataItem, payload: number): number {
    const framed = item.framed as NonNullable<DataItem["framed"]>;
    const count = Math.ceil(payload / framePayloadBytesMax);
    const from = framed.headerAt(item.sent);
    const end = from + payload + count * frameHeaderBytes;
    framed.address(from, end, stream.id);
    const taken = this.output.pass(framed.bytes, from, end);
    if (taken === end - from) {
      this.account(stream, item, payload, count);
      return count;
    }
    // A frame that has begun is sent to its end before anything else is.
    const frames = Math.ceil(taken / wholeFrameBytes);
    if (frames === 0) return 0;
    const frameEnd = Math.min(end, from + frames * wholeFrameBytes);
    this.output.bytes(framed.bytes, from + taken, frameEnd);
    this.account(stream, item, frameEnd - from - frames * frameHeaderBytes, frames);
    return frames;
  }

  private account(stream: Http2Stream, item: DataItem, bytes: number, frames: number): void {
    stream.sendWindow -= bytes;
    this.window -= bytes;
    this.frames += frames;
    this.bytes += bytes;
    stream.queue.advance(item, bytes);
  }

  private headers(stream: Http2Stream, { block, endsStream }: HeadersItem): void {
    const whole = this.sentBlock ? block : Buffer.concat([noTable, block]);
    this.sentBlock = true;
    const { output } = this;
    for (let from = 0; from === 0 || from < whole.length; from += framePayloadBytesMax) {
      const end = Math.min(whole.length, from + framePayloadBytesMax);
      const type = from === 0 ? frameType.headers : frameType.continuation;
      const endFlag = from === 0 && endsStream ? flag.endStream : 0;
      const flags = end === whole.length ? endFlag | flag.endHeaders : endFlag;
      output.frameHeader(end - from, type, flags, stream.id);
      output.bytes(whole, from, end);
    }
  }
}
