/** Puts header blocks together from HEADERS and CONTINUATION frames (RFC 9113 sections 4.3, 6.2, 6.10). */
import { limits } from "../config/limits.ts";
import { errorCode, flag, type Http2Fault } from "./protocol.ts";

export interface HeaderBlock {
  readonly streamId: number;
  readonly endsStream: boolean;
  /** The stream depends on itself, which no stream may (RFC 7540 section 5.3.1). */
  readonly dependsOnItself: boolean;
  /** Valid during the call that it came with. */
  readonly bytes: Buffer;
}

const badPadding: Http2Fault = {
  code: errorCode.protocolError,
  reason: "padding that is longer than its frame",
};
const tooShort: Http2Fault = {
  code: errorCode.frameSizeError,
  reason: "HEADERS without its priority",
};
const outOfPlace: Http2Fault = {
  code: errorCode.protocolError,
  reason: "CONTINUATION of no block",
};

export class HeaderBlocks {
  private open: Omit<HeaderBlock, "bytes"> | undefined = undefined;
  private parts: Buffer[] = [];
  private bytes = 0;

  /** A block has begun and nothing but its CONTINUATION may come. */
  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** A HEADERS frame: its block, undefined when more is to come, or a fault. */
  begin(
    streamId: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): HeaderBlock | Http2Fault | undefined {
    let [at, until] = [start, end];
    if ((flags & flag.padded) !== 0) {
      if (at === until) return badPadding;
      until -= bytes[at++] as number;
      if (until < at) return badPadding;
    }
    let dependsOnItself = false;
    if ((flags & flag.priority) !== 0) {
      if (until - at < 5) return tooShort;
      dependsOnItself = (bytes.readUInt32BE(at) & 0x7fff_ffff) === streamId;
      at += 5;
    }
    const endsStream = (flags & flag.endStream) !== 0;
    const block = { streamId, endsStream, dependsOnItself };
    if ((flags & flag.endHeaders) !== 0) return { ...block, bytes: bytes.subarray(at, until) };
    this.open = block;
    return this.add(bytes, at, until);
  }

  /** A CONTINUATION frame. */
  goOn(
    streamId: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): HeaderBlock | Http2Fault | undefined {
    const { open } = this;
    if (open?.streamId !== streamId) return outOfPlace;
    const fault = this.add(bytes, start, end);
    if (fault !== undefined || (flags & flag.endHeaders) === 0) return fault;
    const whole = Buffer.concat(this.parts);
    this.open = undefined;
    this.parts = [];
    this.bytes = 0;
    return { ...open, bytes: whole };
  }

  private add(bytes: Buffer, start: number, end: number): Http2Fault | undefined {
    // A copy: the frame may be a part of a large read.
    this.parts.push(Buffer.from(bytes.subarray(start, end)));
    this.bytes += end - start;
    const isTooLong = this.bytes > limits.headerBlockBytesMax;
    if (!isTooLong && this.parts.length <= limits.headerFramesMax) return undefined;
    return {
      code: errorCode.enhanceYourCalm,
      reason: "too many CONTINUATION frames of one header block",
    };
  }
}
