/**
 * Bytes that many streams are sent, laid once as DATA frames: before each 16,384 bytes stands the header
 * of a frame, in which only the number of the stream is missing. It is put there for each stream just
 * before the socket takes the frames, so that no stream needs a copy.
 */
import { frameHeaderBytes, framePayloadBytesMax } from "./protocol.ts";

const wholeFrameBytes = frameHeaderBytes + framePayloadBytesMax;

/** Bytes of payload that `room` bytes of frames have. */
export function framedPayload(room: number): number {
  const whole = Math.floor(room / wholeFrameBytes);
  return whole * framePayloadBytesMax + Math.max(0, (room % wholeFrameBytes) - frameHeaderBytes);
}

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

  /** Of bytes that are laid as frames; `length` counts their payload. */
  constructor(bytes: Buffer, length: number) {
    this.bytes = bytes;
    this.length = length;
    this.end = framedRoom(length);
  }

  /** Makes frames of the first `length` bytes of `bytes`, in place: it must have `framedRoom` for them. */
  static spread(bytes: Buffer, length: number): FramedBytes {
    const last = Math.ceil(length / framePayloadBytesMax) - 1;
    for (let frame = last; frame >= 0; frame--) {
      const from = frame * framePayloadBytesMax;
      const count = Math.min(framePayloadBytesMax, length - from);
      const header = frame * wholeFrameBytes;
      bytes.copyWithin(header + frameHeaderBytes, from, from + count);
      bytes.writeUIntBE(count, header, 3);
      // DATA is type 0, without flags.
      bytes.fill(0, header + 3, header + frameHeaderBytes);
    }
    return new FramedBytes(bytes, length);
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
