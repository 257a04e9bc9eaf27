/**
 * Bytes that many streams are sent, laid once as DATA frames: before each 16,384 bytes stands the header
 * of a frame, in which only the number of the stream is missing. It is put there for each stream just
 * before the socket takes the frames, so that no stream needs a copy.
 */
import { frameHeaderBytes, framePayloadBytesMax } from "./protocol.ts";

const wholeFrameBytes = frameHeaderBytes + framePayloadBytesMax;

/** Room that `payload` bytes take as frames. */
export function framedRoom(payload: number): number {
  return payload + Math.ceil(payload / framePayloadBytesMax) * frameHeaderBytes;
}

export class FramedBytes {
  /** Headers and payloads, from 0 to `end`. */
  readonly bytes: Buffer;
  /** Bytes of payload. */
  readonly length: number;
  readonly end: number;

  private constructor(bytes: Buffer, length: number) {
    this.bytes = bytes;
    this.length = length;
    this.end = framedRoom(length);
  }

  /** Copies `payload` behind headers into `into`, which must have `framedRoom` bytes. */
  static lay(payload: Uint8Array, into: Buffer): FramedBytes {
    const framed = new FramedBytes(into, payload.length);
    for (let from = 0, at = 0; from < payload.length; from += framePayloadBytesMax) {
      const count = Math.min(framePayloadBytesMax, payload.length - from);
      at = into.writeUIntBE(count, at, 3);
      // DATA is type 0, without flags.
      into.fill(0, at, at + 6);
      at += 6;
      into.set(payload.subarray(from, from + count), at);
      at += count;
    }
    return framed;
  }

  /** Where byte `offset` of the payload, the first of a frame, has its frame's header. */
  headerAt(offset: number): number {
    return (offset / framePayloadBytesMax) * wholeFrameBytes;
  }

  /** Where byte `offset` of the payload stands. */
  at(offset: number): number {
    return offset + (Math.floor(offset / framePayloadBytesMax) + 1) * frameHeaderBytes;
  }

  /** Makes the frames from `headerAt` to `end` those of a stream. */
  address(headerAt: number, end: number, streamId: number): void {
    for (let at = headerAt; at < end; at += wholeFrameBytes) {
      this.bytes.writeUInt32BE(streamId, at + 5);
    }
  }
}
