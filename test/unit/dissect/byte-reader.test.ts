import { expect, test } from "bun:test";
import { ByteReader } from "../../../src/dissect/byte-reader.ts";
import { hex } from "../../support/packets.ts";

const bytes = hex("ff 01 0203 fffefdfc 0708 09 ff");

function reader(start = 1, end = bytes.length - 1): ByteReader {
  return new ByteReader(bytes, start, end);
}

test("numbers are read one after the other, most significant byte first", () => {
  const all = reader();
  const numbers = [all.uint8(), all.uint16(), all.uint32()];
  expect(numbers).toEqual([0x01, 0x0203, 0xfffe_fdfc]);
  expect([all.left, all.isShort]).toEqual([3, false]);
  expect(all.uint16s()).toEqual([0x0708]);
  expect([all.left, all.isShort]).toEqual([1, false]);
  expect([...all.rest()]).toEqual([9]);
  expect(all.left).toBe(0);
});

test("what is not there is 0, and the reader stays short from then on", () => {
  for (const read of ["uint16", "uint32"] as const) {
    const one = reader(1, 2);
    expect(one[read]()).toBe(0);
    expect([one.isShort, one.left, one.uint8()]).toEqual([true, 0, 0]);
  }
  const some = reader(1, 3);
  expect(some.take(3)).toBe(false);
  expect([some.isShort, some.at]).toEqual([true, 3]);
});

test("a range ends where it was said, or with the bytes that there are", () => {
  const all = reader();
  const range = all.range(3);
  expect([...range.rest()]).toEqual([1, 2, 3]);
  expect([range.isShort, all.isShort, all.uint8()]).toEqual([false, false, 0xff]);
  const rest = all.range(100);
  expect([rest.left, rest.isShort, all.isShort]).toEqual([6, false, true]);
});
