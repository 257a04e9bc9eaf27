/**
 * Goes through the fields of one encoded message in place, by the rules of the batch walker
 * (`packet-batch.ts`): what that refuses makes a message bad here too.
 */
import { limits } from "../config/limits.ts";

export const wireType = {
  varint: 0,
  fixed64: 1,
  bytes: 2,
  group: 3,
  groupEnd: 4,
  fixed32: 5,
} as const;

export class FieldCursor {
  /** Number and wire type of the field under the cursor. */
  field = 0;
  type = 0;
  /** The field with its tag is `bytes[fieldStart, end)`; its content without tag and length `bytes[start, end)`. */
  fieldStart = 0;
  start = 0;
  end = 0;
  /** Value of a varint, two unsigned 32-bit halves. */
  low = 0;
  high = 0;
  /** True once a field was found that makes the message undecodable; there is then no next one. */
  isBad = false;

  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private messageEnd = 0;

  /** Puts the cursor before the first field of the message `bytes[start, end)`. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.messageEnd = end;
    this.isBad = false;
  }

  /** Moves to the next field; false at the end of the message, or where it is bad. */
  next(): boolean {
    if (this.isBad || this.at >= this.messageEnd) return false;
    this.fieldStart = this.at;
    if (!this.readTag()) return this.fail();
    const tag = this.low;
    this.field = tag >>> 3;
    this.type = tag & 7;
    this.start = this.at;
    if (!this.readContent(this.field, this.type, 0)) return this.fail();
    this.end = this.at;
    return true;
  }

  private fail(): false {
    this.isBad = true;
    return false;
  }

  private readTag(): boolean {
    return this.readVarint() && this.high === 0 && this.low >>> 3 !== 0;
  }

  /** Moves behind the content; `start` comes to stand behind a length. */
  private readContent(field: number, type: number, depth: number): boolean {
    switch (type) {
      case wireType.varint:
        return this.readVarint();
      case wireType.fixed64:
        return this.take(8);
      case wireType.bytes:
        if (!this.readVarint() || this.high !== 0) return false;
        if (depth === 0) this.start = this.at;
        return this.take(this.low);
      case wireType.group:
        return this.readGroup(field, depth);
      case wireType.fixed32:
        return this.take(4);
      default:
        return false;
    }
  }

  private readGroup(field: number, depth: number): boolean {
    if (depth >= limits.groupDepthMax) return false;
    while (this.at < this.messageEnd) {
      if (!this.readTag()) return false;
      const inside = this.low >>> 3;
      const type = this.low & 7;
      if (type === wireType.groupEnd) return inside === field;
      if (!this.readContent(inside, type, depth + 1)) return false;
    }
    return false;
  }

  private take(length: number): boolean {
    if (length > this.messageEnd - this.at) return false;
    this.at += length;
    return true;
  }

  private readVarint(): boolean {
    const bytes = this.bytes;
    let at = this.at;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= this.messageEnd) return false;
      const byte = bytes[at++] as number;
      if (shift === 63 && byte > 1) return false;
      const value = byte & 0x7f;
      if (shift < 28) low |= value << shift;
      else if (shift === 28) {
        low |= value << 28;
        high = value >>> 4;
      } else high |= value << (shift - 32);
      if (byte < 0x80) {
        this.at = at;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }
}
