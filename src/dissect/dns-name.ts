/**
 * Names of DNS in presentation form (RFC 1035 section 5.1, RFC 4343 section 2.1), so always ASCII:
 * other bytes become `\DDD`, dots and backslashes inside of a label are escaped. The last dot is left
 * out, and the root is `.`.
 */
import { limits } from "../config/limits.ts";
import type { ByteReader } from "./byte-reader.ts";

const labelBytesMax = 63;
const pointerBits = 0xc0;

/**
 * The name at `reader`, which then stands behind it (RFC 1035 sections 3.1 and 4.1.4); pointers count
 * from `messageStart`. "" for a name that is longer than 255 bytes, or whose pointers do not all lead
 * backwards: what stands behind it can still be read. When its end is missing, the reader is short.
 */
export function readDnsName(reader: ByteReader, messageStart: number): string {
  const start = reader.at;
  skipName(reader);
  return reader.isShort ? "" : expandName(reader.bytes, start, reader.end, messageStart);
}

function skipName(reader: ByteReader): void {
  while (!reader.isShort) {
    const length = reader.uint8();
    if (length === 0) return;
    if (length >= pointerBits) {
      reader.take(1);
      return;
    }
    // Label types that were given up again (RFC 6891 section 5): nobody knows where they end.
    if (length > labelBytesMax) reader.isShort = true;
    else reader.take(length);
  }
}

/** `bytes[start, end)` begins with a name whose end was seen: no place that is read is behind `end`. */
function expandName(bytes: Uint8Array, start: number, end: number, messageStart: number): string {
  let text = "";
  let nameBytes = 1;
  let at = start;
  let lowest = start;
  let pointers = 0;
  for (;;) {
    const length = bytes[at] as number;
    if (length === 0) return text === "" ? "." : text;
    if (length >= pointerBits) {
      // Labels that a pointer led to can run up to the end.
      if (at + 1 >= end) return "";
      const target = messageStart + (((length & ~pointerBits) << 8) | (bytes[at + 1] as number));
      pointers++;
      if (target >= lowest || pointers > limits.dnsPointersMax) return "";
      lowest = target;
      at = target;
      continue;
    }
    nameBytes += length + 1;
    const labelEnd = at + 1 + length;
    const isTooLong = length > labelBytesMax || nameBytes > limits.dnsNameBytesMax;
    if (isTooLong || labelEnd >= end) return "";
    if (text !== "") text += ".";
    text += escapeDnsText(bytes, at + 1, labelEnd, ".\\");
    at = labelEnd;
  }
}

/**
 * Bytes as ASCII: a backslash before those of `special`, and `\DDD` for what is not printable. Blanks
 * stay only where quotes stand around the text.
 */
export function escapeDnsText(
  bytes: Uint8Array,
  start: number,
  end: number,
  special: string,
  isQuoted = false,
): string {
  const lowest = isQuoted ? 0x20 : 0x21;
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const character = String.fromCharCode(byte);
    if (byte < lowest || byte >= 0x7f) text += `\\${String(byte).padStart(3, "0")}`;
    else text += special.includes(character) ? `\\${character}` : character;
  }
  return text;
}
