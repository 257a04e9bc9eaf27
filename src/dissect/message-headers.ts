/** Headers as mail, HTTP and SIP have them: `Name: value` (RFC 9112 section 5, RFC 3261 section 7.3.1). */
import { findLineFeed, isBlank, lineTextEnd, plainText } from "./text-line.ts";

/** What stands before a colon further away is no name that anybody asks for. */
const nameBytesMax = 24;

/**
 * Reads the headers of `names`, each in its first occurrence, into `headers`: `names` maps what may
 * be written, in lower case, to the key that it gets. Of a longer value the first `valueBytesMax` are
 * kept. Returns where the body starts, or -1 when the range ends before it: a line that is cut off
 * there is not read, since half a host or Call-ID names another one.
 */
export function readHeaders(
  headers: Map<string, string>,
  names: ReadonlyMap<string, string>,
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
    const written = colon < 0 ? "" : plainText(bytes, at, colon, colon - at).toLowerCase();
    const name = names.get(written);
    if (name !== undefined && !headers.has(name)) {
      let valueAt = colon + 1;
      while (isBlank(bytes[valueAt])) valueAt++;
      headers.set(name, plainText(bytes, valueAt, lineFeedAt, valueBytesMax));
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
