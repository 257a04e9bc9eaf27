/** Headers as mail, HTTP and SIP have them: `Name: value` (RFC 9112 section 5, RFC 3261 section 7.3.1). */
import { findLineFeed, isBlank, lineTextEnd, plainText } from "./text-line.ts";

/** What stands before a colon further away is no name that anybody asks for. */
const nameBytesMax = 24;

interface WrittenName {
  /** In lower case. */
  readonly bytes: Uint8Array;
  readonly key: string;
}

/** The headers that a reader wants. Names are compared as bytes: a text of each would cost the most. */
export class HeaderNames {
  private readonly byLength: readonly (readonly WrittenName[])[];

  /** @param keys what may be written, in lower-case ASCII of at most 24 characters, and its key */
  constructor(keys: readonly (readonly [written: string, key: string])[]) {
    const names = keys.map(([written, key]) => ({ bytes: Buffer.from(written, "latin1"), key }));
    this.byLength = Array.from({ length: nameBytesMax + 1 }, (_, length) =>
      names.filter(({ bytes }) => bytes.length === length),
    );
  }

  /** The key of the name in `bytes[start, end)`, in whatever case. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    let last = end;
    // Blanks before the colon are against the rules of HTTP, and allowed by those of SIP.
    while (last > start && isBlank(bytes[last - 1])) last--;
    const names = this.byLength[last - start];
    if (names === undefined) return undefined;
    for (const name of names) if (isName(bytes, start, name.bytes)) return name.key;
    return undefined;
  }
}

function isName(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[at + index] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name[index]) return false;
  }
  return true;
}

/**
 * Reads the headers of `names`, each in its first occurrence, into `headers`. Of a longer value the first `valueBytesMax` are
 * kept. Returns where the body starts, or -1 when the range ends before it: a line that is cut off
 * there is not read, since half a host or Call-ID names another one.
 */
export function readHeaders(
  headers: Map<string, string>,
  names: HeaderNames,
  bytes: Uint8Array,
  start: number,
  end: number,
  valueBytesMax: number,
): number {
  let at = start;
  while (at < end) {
    let lineFeedAt = findLineFeed(bytes, at, end);
    if (lineFeedAt < 0) return -1;
    if (lineTextEnd(bytes, at, lineFeedAt) === at) return lineFeedAt + 1;
    // What begins with a blank belongs to the line before it.
    while (lineFeedAt + 1 < end && isBlank(bytes[lineFeedAt + 1])) {
      lineFeedAt = findLineFeed(bytes, lineFeedAt + 1, end);
      if (lineFeedAt < 0) return -1;
    }
    const colon = findColon(bytes, at, lineFeedAt);
    const name = colon < 0 ? undefined : names.find(bytes, at, colon);
    if (name !== undefined && !headers.has(name)) {
      let valueAt = colon + 1;
      while (isBlank(bytes[valueAt])) valueAt++;
      // Without the end of the line most values are plain, and cost much less.
      const valueEnd = lineTextEnd(bytes, valueAt, lineFeedAt);
      headers.set(name, plainText(bytes, valueAt, valueEnd, valueBytesMax));
    }
    at = lineFeedAt + 1;
  }
  return -1;
}

function findColon(bytes: Uint8Array, at: number, lineFeedAt: number): number {
  const end = Math.min(lineFeedAt, at + nameBytesMax + 1);
  for (let index = at; index < end; index++) if (bytes[index] === 0x3a) return index;
  return -1;
}
