/**
 * Cuts received bytes into frames (RFC 9113 section 4.1). Nothing is copied but what is split between
 * two reads, and DATA is handed on in the pieces in which it came.
 */
import {
  errorCode,
  flag,
  frameHeaderBytes,
  framePayloadBytesMax,
  frameType,
  type Http2Fault,
} from "./protocol.ts";

/** What happens with frames; a fault ends the reading. */
export interface FrameSink {
  /** A frame that is no DATA, whole. `bytes[start..end)` is its payload, valid during the call. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined;
  /** The header of a DATA frame: `length` bytes of payload are to come, padding among them. */
  dataBegins(streamId: number, length: number, padded: boolean): Http2Fault | undefined;
  /** Data of the DATA frame that has begun: `bytes[start..end)`, which stay as they are. */
  data(bytes: Buffer, start: number, end: number): Http2Fault | undefined;
  /** The frame is over; `padding` bytes of it were none of the data. */
  dataEnds(endsStream: boolean, padding: number): Http2Fault | undefined;
}

const tooLong: Http2Fault = {
  code: errorCode.frameSizeError,
  reason: "a frame above 16,384 bytes",
};
const onlyPadding: Http2Fault = {
  code: errorCode.protocolError,
  reason: "padding that is longer than its frame",
};

export class FrameReader {
  private readonly sink: FrameSink;
  private readonly header = Buffer.alloc(frameHeaderBytes);
  private headerFilled = 0;
  private type = 0;
  private flags = 0;
  private streamId = 0;
  /** Of the frame under way: payload bytes that have not come; -1 between frames. */
  private rest = -1;
  /** The payload of a frame that came in pieces. */
  private payload: Buffer | undefined = undefined;
  private payloadFilled = 0;
  /** Of a DATA frame: bytes of padding at its end; -1 until its first byte has told. */
  private padding = 0;
  private dataRest = 0;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** True in the middle of a frame. */
  get partial(): boolean {
    return this.rest >= 0 || this.headerFilled > 0;
  }

  /** Reads all of `bytes`, which must not change afterwards; the first fault, or undefined. */
  read(bytes: Buffer, from = 0): Http2Fault | undefined {
    const end = bytes.length;
    let at = from;
    while (at < end) {
      if (this.rest < 0) {
        if (this.headerFilled === 0 && end - at >= frameHeaderBytes) {
          const fault = this.begin(bytes, at);
          if (fault !== undefined) return fault;
          at += frameHeaderBytes;
        } else {
          const count = Math.min(frameHeaderBytes - this.headerFilled, end - at);
          bytes.copy(this.header, this.headerFilled, at, at + count);
          this.headerFilled += count;
          at += count;
          if (this.headerFilled < frameHeaderBytes) return undefined;
          this.headerFilled = 0;
          const fault = this.begin(this.header, 0);
          if (fault !== undefined) return fault;
        }
      }
      const isData = this.type === frameType.data;
      if (at === end && this.rest > 0) return undefined;
      const count = Math.min(this.rest, end - at);
      const fault = isData
        ? this.takeData(bytes, at, at + count)
        : this.take(bytes, at, at + count);
      if (fault !== undefined) return fault;
      at += count;
    }
    return undefined;
  }

  private begin(header: Buffer, at: number): Http2Fault | undefined {
    const length =
      ((header[at] as number) << 16) |
      ((header[at + 1] as number) << 8) |
      (header[at + 2] as number);
    this.type = header[at + 3] as number;
    this.flags = header[at + 4] as number;
    this.streamId = header.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (length > framePayloadBytesMax) return tooLong;
    this.rest = length;
    if (this.type !== frameType.data) return undefined;
    const padded = (this.flags & flag.padded) !== 0;
    this.padding = padded ? -1 : 0;
    this.dataRest = length;
    return this.sink.dataBegins(this.streamId, length, padded);
  }

  private takeData(bytes: Buffer, start: number, end: number): Http2Fault | undefined {
    let at = start;
    if (this.padding < 0) {
      // The length of the padding comes first (RFC 9113 section 6.1).
      if (this.rest === 0) return onlyPadding;
      this.padding = bytes[at++] as number;
      this.dataRest = this.rest - 1 - this.padding;
      if (this.dataRest < 0) return onlyPadding;
    }
    this.rest -= end - start;
    const count = Math.min(this.dataRest, end - at);
    if (count > 0) {
      this.dataRest -= count;
      const fault = this.sink.data(bytes, at, at + count);
      if (fault !== undefined) return fault;
    }
    if (this.rest > 0) return undefined;
    this.rest = -1;
    const padded = (this.flags & flag.padded) !== 0;
    return this.sink.dataEnds((this.flags & flag.endStream) !== 0, padded ? this.padding + 1 : 0);
  }

  private take(bytes: Buffer, start: number, end: number): Http2Fault | undefined {
    const count = end - start;
    if (this.payload === undefined) {
      if (count === this.rest) return this.finish(bytes, start, end);
      this.payload = Buffer.allocUnsafe(this.rest);
      this.payloadFilled = 0;
    }
    bytes.copy(this.payload, this.payloadFilled, start, end);
    this.payloadFilled += count;
    this.rest -= count;
    return this.rest > 0 ? undefined : this.finish(this.payload, 0, this.payloadFilled);
  }

  private finish(bytes: Buffer, start: number, end: number): Http2Fault | undefined {
    this.rest = -1;
    this.payload = undefined;
    return this.sink.frame(this.type, this.flags, this.streamId, bytes, start, end);
  }
}
