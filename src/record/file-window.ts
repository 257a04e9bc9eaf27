/** A part of a capture file in memory, for what reads the file from front to back. */
import { readSync } from "node:fs";
import type { WordReader } from "../capture-format/block-check.ts";

const windowBytes = 1024 * 1024;

/** Reads a file through one buffer. */
export class FileWindow implements WordReader {
  readonly size: number;
  private readonly fd: number;
  private readonly buffer = Buffer.allocUnsafe(windowBytes);
  private start = 0;
  private length = 0;

  constructor(fd: number, size: number) {
    this.fd = fd;
    this.size = size;
  }

  /** `length` bytes (at most 64 KiB) at `offset`; undefined when the file ends before. Valid until the next call. */
  read(offset: number, length: number): Buffer | undefined {
    if (offset + length > this.size) return undefined;
    if (offset < this.start || offset + length > this.start + this.length) this.fill(offset);
    const from = offset - this.start;
    return from + length > this.length ? undefined : this.buffer.subarray(from, from + length);
  }

  /** Little-endian word at `offset`; undefined when the file ends before. */
  word(offset: number): number | undefined {
    if (offset + 4 > this.size) return undefined;
    if (offset < this.start || offset + 4 > this.start + this.length) this.fill(offset);
    const from = offset - this.start;
    return from + 4 > this.length ? undefined : this.buffer.readUInt32LE(from);
  }

  /** True when every byte from `offset` to the end is zero. */
  isZeroFrom(offset: number): boolean {
    for (let at = offset; at < this.size; ) {
      this.fill(at);
      if (this.length === 0) return false;
      for (let index = 0; index < this.length; index++) {
        if (this.buffer[index] !== 0) return false;
      }
      at += this.length;
    }
    return true;
  }

  /**
   * The offset from which on all is zero, `from` when all behind that is; undefined when it is
   * beyond `max`.
   */
  endOfNonZero(from: number, max: number): number | undefined {
    let end = from;
    for (let at = from; at < this.size; at += this.length) {
      this.fill(at);
      if (this.length === 0) return undefined;
      for (let index = this.length - 1; index >= 0; index--) {
        if (this.buffer[index] === 0) continue;
        end = at + index + 1;
        break;
      }
      if (end > max) return undefined;
    }
    return end;
  }

  private fill(offset: number): void {
    this.start = offset;
    this.length = 0;
    const wanted = Math.min(windowBytes, this.size - offset);
    while (this.length < wanted) {
      const at = offset + this.length;
      const count = readSync(this.fd, this.buffer, this.length, wanted - this.length, at);
      if (count === 0) return;
      this.length += count;
    }
  }
}
