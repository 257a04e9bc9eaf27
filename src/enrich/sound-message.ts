/**
 * Whether an encoded message is one that every client can read: protobuf-go refuses a whole message for
 * one string in it that is no valid UTF-8, or one nested message that does not decode.
 */
import { isUtf8 } from "node:buffer";
import { FieldCursor, wireType } from "../wire/field-cursor.ts";
import { FieldWriter } from "./field-writer.ts";
import { content, mapEntry, type Shape } from "./message-shape.ts";

/** Messages nest at most so deep in `packetShape`, the packet itself counted. */
const depthMax = 5;
const cursors = Array.from({ length: depthMax }, () => new FieldCursor());

/** True when `bytes[start, end)` decodes and all its strings are UTF-8, those of nested messages too. */
export function isSound(bytes: Uint8Array, start: number, end: number, shape: Shape): boolean {
  return isSoundAt(bytes, start, end, shape, 0);
}

function isSoundAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  shape: Shape,
  depth: number,
): boolean {
  const cursor = cursors[depth] as FieldCursor;
  cursor.open(bytes, start, end);
  while (cursor.next()) if (!isSoundField(bytes, cursor, shape, depth)) return false;
  return !cursor.isBad;
}

function isSoundField(
  bytes: Uint8Array,
  cursor: FieldCursor,
  shape: Shape,
  depth: number,
): boolean {
  const holds = shape[cursor.field] ?? content.none;
  if (holds === content.none) return true;
  if (cursor.type !== typeOf(holds)) return false;
  if (holds === content.text) return isText(bytes, cursor.start, cursor.end);
  return typeof holds === "number" || isSoundAt(bytes, cursor.start, cursor.end, holds, depth + 1);
}

function typeOf(holds: number | Shape): number {
  if (holds === content.varint) return wireType.varint;
  return holds === content.double ? wireType.fixed64 : wireType.bytes;
}

/** True for valid UTF-8 as Go has it: no surrogates, no overlong forms. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((bytes[at] as number) >= 0x80) return isUtf8(bytes.subarray(at, end));
  }
  return true;
}

/**
 * Writes `bytes[start, end)` without the fields that make it unsound: strings that are no UTF-8
 * and map entries with such, nested messages that do not decode, known fields of a foreign wire type. Returns how many these
 * were, or -1 when the message itself does not decode; `writer` then holds nothing of use.
 */
export function writeSound(
  writer: FieldWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  shape: Shape,
): number {
  const cursor = new FieldCursor();
  cursor.open(bytes, start, end);
  let leftOut = 0;
  while (cursor.next()) {
    const holds = shape[cursor.field] ?? content.none;
    if (isSoundField(bytes, cursor, shape, 0)) {
      writer.copy(bytes, cursor.fieldStart, cursor.end);
    } else if (typeof holds === "number" || holds === mapEntry || cursor.type !== wireType.bytes) {
      leftOut++;
    } else {
      const inner = new FieldWriter();
      const innerLeftOut = writeSound(inner, bytes, cursor.start, cursor.end, holds);
      if (innerLeftOut >= 0) writer.message(cursor.field, inner);
      leftOut += Math.abs(innerLeftOut);
    }
  }
  return cursor.isBad ? -1 : leftOut;
}
