/** Writes a CapturedPacket without its metadata. */
import { FieldCursor, wireType } from "../wire/field-cursor.ts";
import type { FieldWriter } from "./field-writer.ts";

/** Of CapturedPacket (docs/wire.md#messages): data, time, both lengths, interface index, link type. */
const types: readonly (number | undefined)[] = [
  undefined,
  wireType.bytes,
  ...[wireType.varint, wireType.varint, wireType.varint, wireType.varint, wireType.varint],
];
const cursor = new FieldCursor();

/**
 * Writes the CapturedPacket `bytes[start, end)` without whatever a hunter says of it beside its bytes:
 * fields 1 to 6, of each the last occurrence, which is the one that counts in protobuf.
 */
export function writeBare(
  writer: FieldWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const starts = new Array<number>(types.length).fill(0);
  const ends = new Array<number>(types.length).fill(0);
  cursor.open(bytes, start, end);
  while (cursor.next()) {
    const { field } = cursor;
    if (cursor.type !== types[field]) continue;
    starts[field] = cursor.fieldStart;
    ends[field] = cursor.end;
  }
  for (const [field, from] of starts.entries()) writer.copy(bytes, from, ends[field] as number);
}
