/** Reading text protocols in place: all positions are checked against `end`. */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Bytes of an ASCII text, for `startsWith`. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function startsWith(
  bytes: Uint8Array,
  at: number,
  end: number,
  prefix: Uint8Array,
): boolean {
  if (end - at < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

/** Position of the line feed that ends the line at `at`, or -1 when the range holds none. */
export function findLineFeed(bytes: Uint8Array, at: number, end: number): number {
  for (let index = at; index < end; index++) if (bytes[index] === lineFeed) return index;
  return -1;
}

/** End of the line's text: the position of its CR LF or LF. */
export function lineTextEnd(bytes: Uint8Array, at: number, lineFeedAt: number): number {
  return lineFeedAt > at && bytes[lineFeedAt - 1] === carriageReturn ? lineFeedAt - 1 : lineFeedAt;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Three digits with the first from 1 to 9, as a status code has. */
export function isStatusCode(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 3 || bytes[at] === 0x30) return false;
  return isDigit(bytes[at]) && isDigit(bytes[at + 1]) && isDigit(bytes[at + 2]);
}

/** True when all bytes are ones that a header line may hold: no control character but tab. */
export function isHeaderText(bytes: Uint8Array, at: number, end: number): boolean {
  for (let index = at; index < end; index++) {
    const byte = bytes[index] as number;
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return false;
  }
  return true;
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
