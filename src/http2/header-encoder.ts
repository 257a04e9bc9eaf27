/**
 * Encodes header lists (HPACK, RFC 7541) with the static table alone: what a node sends repeats little,
 * and a block without state can be made once and sent on any connection.
 */
import { staticIndexOf, staticIndexOfName } from "./header-table.ts";

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** Names whose values no proxy may keep in a table (RFC 7541 section 7.1.3). */
const secretNames = new Set(["authorization", "x-api-key", "cookie"]);

/** "Table size 0": to be sent before the first block of a connection, so that no setting of the peer matters. */
export const noTable: Buffer = Buffer.from([0x20]);

/** A header block. Names in lower case; a character of names and values is one byte. */
export function encodeHeaders(fields: HeaderPairs): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    const index = staticIndexOf(name, value);
    if (index > 0) {
      parts.push(integer(0x80, 7, index));
      continue;
    }
    const kind = secretNames.has(name) ? 0x10 : 0;
    const nameIndex = staticIndexOfName(name);
    parts.push(integer(kind, 4, nameIndex));
    if (nameIndex === 0) parts.push(...text(name));
    parts.push(...text(value));
  }
  return Buffer.concat(parts);
}

function text(value: string): Buffer[] {
  const bytes = Buffer.from(value, "latin1");
  return [integer(0, 7, bytes.length), bytes];
}

/** RFC 7541 section 5.1. */
function integer(kind: number, prefixBits: number, value: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.from([kind | value]);
  const bytes = [kind | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
