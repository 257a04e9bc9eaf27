/**
 * The room of dissectors: what single messages of TLS, HTTP, DNS, SIP and RTP say about themselves.
 *
 * Pure functions over a range of bytes. They answer plain objects of well-formed text that is safe
 * for a terminal, or undefined when the bytes are another thing; nothing outside the range is read,
 * what they answer is bounded by `limits`, and no bytes make them throw. `test/fuzz/dissect.ts`
 * holds them to that.
 */

/**
 * Reads big-endian numbers from `bytes[at, end)`, one after the other. A read past the end answers
 * 0, moves to the end and sets `isShort`, so that a reader of a structure need look only once.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  isShort = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  uint8(): number {
    return this.take(1) ? (this.bytes[this.at - 1] as number) : 0;
  }

  uint16(): number {
    return this.take(2) ? this.uint16Before(this.at) : 0;
  }

  uint32(): number {
    if (!this.take(4)) return 0;
    return this.uint16Before(this.at - 2) * 0x1_0000 + this.uint16Before(this.at);
  }

  /** Moves on by `length` bytes; false, and to the end, when there are not so many. */
  take(length: number): boolean {
    if (length > this.left) {
      this.at = this.end;
      this.isShort = true;
      return false;
    }
    this.at += length;
    return true;
  }

  /** A reader of the next `length` bytes, or of what there is when they are fewer. */
  range(length: number): ByteReader {
    const start = this.at;
    return new ByteReader(this.bytes, start, this.take(length) ? this.at : this.end);
  }

  /** The numbers of two bytes from here to the end. */
  uint16s(): number[] {
    const numbers: number[] = [];
    while (this.left >= 2) numbers.push(this.uint16());
    return numbers;
  }

  /** The bytes from here to the end, not copied. */
  rest(): Uint8Array {
    const start = this.at;
    this.at = this.end;
    return this.bytes.subarray(start, this.end);
  }

  private uint16Before(at: number): number {
    return ((this.bytes[at - 2] as number) << 8) | (this.bytes[at - 1] as number);
  }
}
