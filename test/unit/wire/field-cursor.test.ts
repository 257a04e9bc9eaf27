import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { FieldCursor, wireType } from "../../../src/wire/field-cursor.ts";
import { concat, hex } from "../../support/packets.ts";

/** Field, type and content of each field, and whether the message is bad. */
function fieldsOf(bytes: Uint8Array): { fields: unknown[]; isBad: boolean } {
  const cursor = new FieldCursor();
  const fields: unknown[] = [];
  cursor.open(bytes, 0, bytes.length);
  while (cursor.next()) {
    const { field, type, start, end, low, high } = cursor;
    fields.push(type === wireType.varint ? [field, high, low] : [field, start, end]);
  }
  return { fields, isBad: cursor.isBad };
}

describe("the field cursor", () => {
  test("gives fields of every wire type in order", () => {
    const bytes = hex("08ffffffffffffffffff01 1202aabb 1d01020304 210102030405060708 a80601");
    expect(fieldsOf(bytes)).toEqual({
      fields: [
        [1, 0xffff_ffff, 0xffff_ffff],
        [2, 13, 15],
        [3, 16, 20],
        [4, 21, 29],
        [101, 0, 1],
      ],
      isBad: false,
    });
  });

  test("gives a group as one field, whatever is inside", () => {
    expect(fieldsOf(hex("0b 1202aabb 13 0801 14 0c 0805"))).toEqual({
      fields: [
        [1, 1, 10],
        [1, 0, 5],
      ],
      isBad: false,
    });
  });

  test("stops at what no decoder takes", () => {
    const deep = new Uint8Array(limits.groupDepthMax * 2 + 4);
    deep.fill(0x0b, 0, deep.length / 2);
    deep.fill(0x0c, deep.length / 2);
    for (const bad of [
      "08",
      "0880",
      "1205aa",
      "0c",
      "0b",
      "0b14",
      "0f",
      "00",
      "1d0102",
      "8880808080 01 00",
    ]) {
      expect(fieldsOf(concat(hex("0801"), hex(bad))), bad).toEqual({
        fields: [[1, 0, 1]],
        isBad: true,
      });
    }
    expect(fieldsOf(hex("08ffffffffffffffffff02")).isBad).toBe(true);
    expect(fieldsOf(deep).isBad).toBe(true);
  });
});
