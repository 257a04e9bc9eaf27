/** Decodes the header blocks of one connection (HPACK, RFC 7541), in the order in which they came. */

import { entryOverheadBytes, HeaderTable } from "./header-table.ts";
import { decodeHuffman, huffmanRoom } from "./huffman.ts";

export interface HeaderDecoderOptions {
  /** SETTINGS_HEADER_TABLE_SIZE as the peer knows it, bytes. */
  readonly tableBytesMax: number;
  /** Size of one list, counted as RFC 9113 section 6.5.2 has it; fields beyond it are not kept. */
  readonly listBytesMax: number;
}

export interface DecodedHeaders {
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The list was longer than `listBytesMax`: `fields` has its beginning. */
  readonly isTooLong: boolean;
}

/** Four bytes of seven bits behind the prefix: more than any length or index that counts. */
const integerBytesMax = 4;

export class HeaderDecoder {
  private readonly options: HeaderDecoderOptions;
  private readonly table: HeaderTable;
  private scratch: Buffer = Buffer.alloc(0);
  private block: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  private fault = "";

  constructor(options: HeaderDecoderOptions) {
    this.options = options;
    this.table = new HeaderTable(options.tableBytesMax);
  }

  /** The fields of a whole block, or why it is none: then the connection cannot go on. */
  decode(block: Buffer): DecodedHeaders | string {
    this.block = block;
    this.at = 0;
    this.end = block.length;
    this.fault = "";
    const fields: [string, string][] = [];
    let listBytes = 0;
    let mayResize = true;
    while (this.at < this.end) {
      const first = block[this.at] as number;
      if ((first & 0xe0) === 0x20) {
        const bytes = this.integer(5);
        if (!mayResize) return "a table size update behind a field";
        if (bytes > this.options.tableBytesMax) return "a table size above the setting";
        if (this.fault !== "") return this.fault;
        this.table.resize(bytes);
        continue;
      }
      mayResize = false;
      const field = this.field(first);
      if (field === undefined) return this.fault === "" ? "an index of no entry" : this.fault;
      const [name, value] = field;
      listBytes += name.length + value.length + entryOverheadBytes;
      if (listBytes <= this.options.listBytesMax) fields.push(field);
    }
    return { fields, isTooLong: listBytes > this.options.listBytesMax };
  }

  private field(first: number): [string, string] | undefined {
    if ((first & 0x80) !== 0) {
      const entry = this.table.at(this.integer(7));
      return entry === undefined || this.fault !== "" ? undefined : [entry.name, entry.value];
    }
    const isIndexed = (first & 0x40) !== 0;
    const index = this.integer(isIndexed ? 6 : 4);
    const name = index === 0 ? this.text() : this.table.at(index)?.name;
    if (name === undefined) return undefined;
    const value = this.text();
    if (this.fault !== "") return undefined;
    if (isIndexed) this.table.add(name, value);
    return [name, value];
  }

  /** RFC 7541 section 5.1, with a prefix of that many bits. */
  private integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.block[this.at++] as number) & mask;
    if (value < mask) return value;
    for (let read = 0, factor = 1; read < integerBytesMax; read++, factor *= 128) {
      if (this.at >= this.end) break;
      const byte = this.block[this.at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    this.fault =
      this.at >= this.end ? "a block that ends in a number" : "a number that is too large";
    return 0;
  }

  /** RFC 7541 section 5.2. Bytes become characters of the same number. */
  private text(): string {
    if (this.fault !== "") return "";
    if (this.at >= this.end) return this.fail("a block that ends before a text");
    const isHuffman = ((this.block[this.at] as number) & 0x80) !== 0;
    const length = this.integer(7);
    if (this.fault !== "") return "";
    const start = this.at;
    if (length > this.end - start) return this.fail("a text that is longer than its block");
    this.at += length;
    if (!isHuffman) return this.block.toString("latin1", start, this.at);
    const room = huffmanRoom(length);
    if (this.scratch.length < room) this.scratch = Buffer.allocUnsafeSlow(room);
    const written = decodeHuffman(this.block, start, this.at, this.scratch);
    if (written < 0) return this.fail("a text that is not in the Huffman code");
    return this.scratch.toString("latin1", 0, written);
  }

  private fail(fault: string): "" {
    this.fault = fault;
    return "";
  }
}
