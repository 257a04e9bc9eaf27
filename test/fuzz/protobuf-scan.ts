/**
 * A slow, plain scan of an encoded PacketBatch, to tell where protobuf-es and protobuf-go read the
 * same bytes differently: the batch walker follows protobuf-go (docs/wire.md#messages).
 */

/** Wire types of the known fields: of the batch, of a packet, of the statistics. */
type Fields = Readonly<Record<number, number>>;

const batchFields: Fields = { 1: 2, 2: 0, 3: 0, 4: 2, 5: 2 };
const packetFields: Fields = { 1: 2, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 2, 8: 2, 9: 2, 10: 2 };
const statsFields: Fields = { 1: 0, 2: 0, 3: 0, 4: 0 };

export interface Differences {
  /**
   * A known field has a foreign wire type. protobuf-go keeps it as an unknown field; protobuf-es
   * reads its bytes as if it had the right one.
   */
  foreignType: boolean;
  /** A field runs past the message around it, which protobuf-es does not notice. */
  overrun: boolean;
  /** A varint of more than ten bytes, or a length of more than 32 bits: protobuf-es cuts them. */
  overlong: boolean;
  /** A tag is written in more than five bytes, which protobuf-go takes and protobuf-es does not. */
  longTag: boolean;
  /** The batch has metadata or TLS keys, into which the walker does not look. */
  isNested: boolean;
  /** Groups are nested deeper than the walker follows, and less than protobuf-es does. */
  isDeep: boolean;
}

/** What to expect between the decoders; the scan stops where it finds no sense. */
export function scanDifferences(bytes: Uint8Array, groupDepthMax: number): Differences {
  const found: Differences = {
    foreignType: false,
    overrun: false,
    overlong: false,
    longTag: false,
    isNested: false,
    isDeep: false,
  };
  scanMessage(new Scanner(bytes, found, groupDepthMax), bytes.length, batchFields);
  return found;
}

function scanMessage(scanner: Scanner, end: number, fields: Fields): void {
  while (scanner.at < end && !scanner.isStuck) {
    const tag = scanner.tag();
    const field = tag >>> 3;
    const type = tag & 7;
    const wanted = fields[field];
    if (wanted !== undefined && wanted !== type) scanner.found.foreignType = true;
    if (fields === packetFields && (field === 7 || field === 10)) scanner.found.isNested = true;
    if (type === 2) {
      const length = scanner.length();
      if (length > end - scanner.at) {
        scanner.found.overrun = true;
        return;
      }
      const inside = nestedFields(fields, field);
      if (inside === undefined) scanner.at += length;
      else scanMessage(scanner, scanner.at + length, inside);
    } else {
      scanner.skip(tag, 0);
      if (scanner.at > end) scanner.found.overrun = true;
    }
  }
}

function nestedFields(fields: Fields, field: number): Fields | undefined {
  if (fields !== batchFields) return undefined;
  if (field === 4) return packetFields;
  return field === 5 ? statsFields : undefined;
}

class Scanner {
  at = 0;
  isStuck = false;
  readonly bytes: Uint8Array;
  readonly found: Differences;
  private readonly groupDepthMax: number;

  constructor(bytes: Uint8Array, found: Differences, groupDepthMax: number) {
    this.bytes = bytes;
    this.found = found;
    this.groupDepthMax = groupDepthMax;
  }

  varint(): bigint {
    let value = 0n;
    for (let index = 0; ; index++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) {
        this.isStuck = true;
        return 0n;
      }
      if (index >= 10 || (index === 9 && byte > 1)) this.found.overlong = true;
      value |= BigInt(byte & 0x7f) << BigInt(index * 7);
      if (byte < 0x80) return value;
    }
  }

  tag(): number {
    const start = this.at;
    const tag = this.varint();
    if (this.at - start > 5) this.found.longTag = true;
    if (tag > 0xffff_ffffn) this.found.overlong = true;
    if (tag >> 3n === 0n) this.isStuck = true;
    return Number(tag & 0xffff_ffffn);
  }

  length(): number {
    const length = this.varint();
    if (length > 0xffff_ffffn) this.found.overlong = true;
    return Number(length);
  }

  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        break;
      case 1:
        this.at += 8;
        break;
      case 2: {
        const length = this.length();
        this.at += length;
        break;
      }
      case 3:
        this.skipGroup(tag >>> 3, depth);
        break;
      case 5:
        this.at += 4;
        break;
      default:
        this.isStuck = true;
    }
  }

  private skipGroup(field: number, depth: number): void {
    if (depth >= this.groupDepthMax) {
      this.found.isDeep = true;
      this.isStuck = true;
    }
    while (!this.isStuck) {
      const tag = this.tag();
      if ((tag & 7) === 4) {
        if (tag >>> 3 !== field) this.isStuck = true;
        return;
      }
      this.skip(tag, depth + 1);
    }
  }
}
