/** Reading text protocols in place: all positions are checked against `end`. */

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
