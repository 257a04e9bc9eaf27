/** Lines and texts of protocols that speak in them, found in place: nothing is read outside `end`. */
import { replaceUnsafe } from "../base/safe-text.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** For ASCII: half the cost of the decoder, and takes any Uint8Array. */
const asciiSlice = Buffer.prototype.latin1Slice;
const blanks = /[\r\n\t ]+/g;
const lineEnds = /[\r\n\t]/;

/** Position of the line feed that ends the line at `at`, or -1 when the range holds none. */
export function findLineFeed(bytes: Uint8Array, at: number, end: number): number {
  for (let index = at; index < end; index++) if (bytes[index] === lineFeed) return index;
  return -1;
}

/** End of the text of the line from `at` to its line feed, which may have a carriage return before. */
export function lineTextEnd(bytes: Uint8Array, at: number, lineFeedAt: number): number {
  return lineFeedAt > at && bytes[lineFeedAt - 1] === carriageReturn ? lineFeedAt - 1 : lineFeedAt;
}

/** End of the upper-case token (letters, `-`, `_`) at `at`. */
export function tokenEnd(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end) {
    const byte = bytes[index] as number;
    if ((byte < 0x41 || byte > 0x5a) && byte !== 0x2d && byte !== 0x5f) break;
    index++;
  }
  return index;
}

export function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/**
 * Text of `bytes[start, end)`, of at most `bytesMax` of them, that is safe to send and to show: folded
 * lines are joined (RFC 3261 section 7.3.1), blanks around it are taken off, and U+FFFD stands for
 * what must not reach a terminal and for what is no UTF-8.
 */
export function plainText(bytes: Uint8Array, start: number, end: number, bytesMax: number): string {
  const last = Math.min(end, start + bytesMax);
  if (isPlain(bytes, start, last)) return asciiSlice.call(bytes, start, last);
  const text = decoder.decode(bytes.subarray(start, last));
  const joined = text.replaceAll(blanks, (run) => (run.search(lineEnds) < 0 ? run : " "));
  return replaceUnsafe(joined).trim();
}

/** True for printable ASCII without blanks around it, which most texts are. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === 0x20 || bytes[end - 1] === 0x20) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return true;
}
