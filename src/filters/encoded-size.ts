/** How many bytes a filter takes on the wire. */
import type { Filter } from "./filter.ts";

/** Bytes that `filter` takes in a list of filters on the wire, give or take a few. */
export function filterSize({ id, pattern, targetHunters, description }: Filter): number {
  // A tag and a length before each text, two numbers, and the tag and length of the whole.
  let bytes = 24;
  for (const text of [id, pattern, description, ...targetHunters]) {
    bytes += Buffer.byteLength(text, "utf8") + 4;
  }
  return bytes;
}
