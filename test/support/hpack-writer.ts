/** A peer's encoder of header blocks that uses all of HPACK (RFC 7541), each field in a way picked at random. */
import type { HeaderPairs } from "../../src/http2/header-encoder.ts";
import { staticCount, staticIndexOf, staticIndexOfName } from "../../src/http2/header-table.ts";

/** Numbers below a limit, as fuzzers have them. */
interface Picker {
  below(limit: number): number;
  isChance(percent: number): boolean;
}

/** Before any SETTINGS_HEADER_TABLE_SIZE. */
const tableBytesMax = 4096;
/** Characters with codes of five bits, from 0 on, and of six bits, from 20 on (Appendix B). */
const fiveBits = "012aceiost";
const sixBits = " %-./3456789=A_bdfghlmnpru";
const firstOfSix = 20;

export class HpackWriter {
  private readonly random: Picker;
  /** The newest first. */
  private readonly table: (readonly [string, string])[] = [];
  private bytesMax = tableBytesMax;

  constructor(random: Picker) {
    this.random = random;
  }

  block(fields: HeaderPairs): Buffer {
    const parts: Buffer[] = [];
    if (this.random.isChance(10)) {
      this.bytesMax = this.random.below(tableBytesMax + 1);
      this.evict();
      parts.push(integer(0x20, 5, this.bytesMax));
    }
    for (const [name, value] of fields) parts.push(...this.field(name, value));
    return Buffer.concat(parts);
  }

  private field(name: string, value: string): Buffer[] {
    const { random } = this;
    const whole = this.indexOf((field) => field[0] === name && field[1] === value);
    const index = random.isChance(50) ? staticIndexOf(name, value) || whole : whole;
    if (index > 0 && random.isChance(80)) return [integer(0x80, 7, index)];
    const known = staticIndexOfName(name) || this.indexOf((field) => field[0] === name);
    const nameIndex = random.isChance(80) ? known : 0;
    const head = nameIndex === 0 ? [this.text(name)] : [];
    const kind = random.below(3);
    if (kind === 0) {
      const text = this.text(value);
      this.table.unshift([name, value]);
      this.evict();
      return [integer(0x40, 6, nameIndex), ...head, text];
    }
    return [integer(kind === 1 ? 0 : 0x10, 4, nameIndex), ...head, this.text(value)];
  }

  private indexOf(fits: (field: readonly [string, string]) => boolean): number {
    const at = this.table.findIndex(fits);
    return at < 0 ? 0 : staticCount + 1 + at;
  }

  private evict(): void {
    let bytes = this.table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (bytes > this.bytesMax) {
      const [name, value] = this.table.pop() as readonly [string, string];
      bytes -= name.length + value.length + 32;
    }
  }

  private text(value: string): Buffer {
    const coded = this.random.isChance(60) ? huffman(value) : undefined;
    const bytes = coded ?? Buffer.from(value, "latin1");
    return Buffer.concat([integer(coded === undefined ? 0 : 0x80, 7, bytes.length), bytes]);
  }
}

/** Undefined for a text with a character that has a longer code. */
function huffman(text: string): Buffer | undefined {
  let bits = "";
  for (const character of text) {
    const [five, six] = [fiveBits.indexOf(character), sixBits.indexOf(character)];
    if (five < 0 && six < 0) return undefined;
    bits += five >= 0 ? binary(five, 5) : binary(firstOfSix + six, 6);
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

function binary(value: number, bits: number): string {
  return value.toString(2).padStart(bits, "0");
}

/** Section 5.1. */
function integer(kind: number, prefixBits: number, value: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.from([kind | value]);
  const bytes = [kind | mask];
  let rest = value - mask;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
