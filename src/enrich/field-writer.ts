/** Writes protobuf fields, one behind the other, into a buffer of its own that grows. */

const bytesAtStart = 1024;
const shortTextChars = 48;

export class FieldWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(bytesAtStart);
  /** Bytes written. */
  length = 0;

  clear(): void {
    this.length = 0;
    if (this.bytes.length > bytesAtStart * 64) this.bytes = Buffer.allocUnsafeSlow(bytesAtStart);
  }

  /** An unsigned number of up to 32 bits; 0 is left out, as proto3 has it. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(10);
    this.varint(field << 3);
    this.varint(value);
  }

  flag(field: number, value: boolean): void {
    if (value) this.number(field, 1);
  }

  /** A string; an empty one is left out. */
  text(field: number, value: string): void {
    if (value === "") return;
    this.reserve(10 + value.length * 3);
    if (value.length < shortTextChars && this.shortAscii(field, value)) return;
    const mark = this.begin(field);
    this.length += this.bytes.write(value, this.length, "utf8");
    this.end(mark);
  }

  /** Writes a text byte by byte, which for a short one costs less than a native call; false = not ASCII. */
  private shortAscii(field: number, value: string): boolean {
    const { bytes } = this;
    const lengthAt = writeVarint(bytes, this.length, (field << 3) | 2);
    const textAt = lengthAt + 1;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[textAt + index] = unit;
    }
    bytes[lengthAt] = value.length;
    this.length = textAt + value.length;
    return true;
  }

  message(field: number, content: FieldWriter): void {
    const mark = this.begin(field);
    this.copy(content.bytes, 0, content.length);
    this.end(mark);
  }

  /** Begins a nested message; what is written until `end` of the returned mark is its content. */
  begin(field: number): number {
    this.reserve(6);
    this.varint((field << 3) | 2);
    // Room for a length of one byte, which is what most have.
    return ++this.length;
  }

  end(mark: number): void {
    const length = this.length - mark;
    if (length < 0x80) {
      this.bytes[mark - 1] = length;
      return;
    }
    const more = varintBytes(length) - 1;
    this.reserve(more);
    this.bytes.copyWithin(mark + more, mark, this.length);
    this.length = mark - 1;
    this.varint(length);
    this.length += length;
  }

  /** Bytes as they are. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(from.subarray(start, end), this.length);
    this.length += end - start;
  }

  private varint(value: number): void {
    this.length = writeVarint(this.bytes, this.length, value);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Writes an unsigned number of up to 32 bits at `at`; returns the offset behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  let next = at;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next] = rest;
  return next + 1;
}

/** Bytes that `writeVarint` writes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
