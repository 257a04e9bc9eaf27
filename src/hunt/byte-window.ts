/** Buffer of an input: filled at its end, consumed at its start. */
import { assert } from "../base/assert.ts";

/**
 * The part of an input that was read and not yet used up: one buffer, filled at its end and
 * consumed at its start. It grows to the longest record that is asked for, and no further.
 */
export class ByteWindow {
  bytes: Buffer;
  /** Where the unused part starts and ends in `bytes`. */
  start = 0;
  end = 0;
  /** Bytes of the input before `start`. */
  offset = 0;
  private skipping = 0;
  private wanted = 0;

  constructor(bytesAtStart: number) {
    this.bytes = Buffer.allocUnsafe(bytesAtStart);
  }

  /** Whether `count` bytes are there; when not, the next `room()` makes space for them. */
  has(count: number): boolean {
    if (this.end - this.start >= count) return true;
    this.wanted = count;
    return false;
  }

  get isEmpty(): boolean {
    return this.start === this.end && this.skipping === 0;
  }

  consume(count: number): void {
    assert(count <= this.end - this.start, "only bytes that are there are consumed");
    this.start += count;
    this.offset += count;
  }

  /** Passes over `count` bytes, also those that are yet to come. */
  skip(count: number): void {
    const now = Math.min(count, this.end - this.start);
    this.consume(now);
    this.skipping += count - now;
  }

  /** Space for the next read. What earlier packets pointed to may be overwritten from now on. */
  room(): Buffer {
    if (this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    const least = Math.max(this.wanted, this.end + 1);
    if (this.bytes.length < least) {
      const larger = Buffer.allocUnsafe(Math.max(least, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    return this.bytes.subarray(this.end);
  }

  /** Says that `count` bytes were read into `room()`. */
  filled(count: number): void {
    this.end += count;
    if (this.skipping === 0) return;
    const skipped = Math.min(this.skipping, this.end - this.start);
    this.skipping -= skipped;
    this.consume(skipped);
  }
}
