/** Tests of numbers at fixed offsets in a packet. */
import { uint16At, uint32At } from "../packet/layers.ts";
import { cut, no, type PacketTest, yes } from "./packet-test.ts";

/** Tests of one field at a fixed offset from the begin of the packet. Numbers are big-endian. */

export function byteEquals(offset: number, value: number, mask = 0xff): PacketTest {
  return (bytes, start, end) => {
    const at = start + offset;
    if (at >= end) return cut;
    return ((bytes[at] as number) & mask) === value ? yes : no;
  };
}

export function byteAtLeast(offset: number, value: number): PacketTest {
  return (bytes, start, end) => {
    const at = start + offset;
    if (at >= end) return cut;
    return (bytes[at] as number) >= value ? yes : no;
  };
}

export function shortEquals(offset: number, value: number, mask = 0xffff): PacketTest {
  return (bytes, start, end) => {
    const at = start + offset;
    if (at + 2 > end) return cut;
    return (uint16At(bytes, at) & mask) === value ? yes : no;
  };
}

export function shortAbove(offset: number, value: number): PacketTest {
  return (bytes, start, end) => {
    const at = start + offset;
    if (at + 2 > end) return cut;
    return uint16At(bytes, at) > value ? yes : no;
  };
}

export function wordEquals(offset: number, value: number, mask = 0xffff_ffff): PacketTest {
  const [signed, signedMask] = [value | 0, mask | 0];
  return (bytes, start, end) => {
    const at = start + offset;
    if (at + 4 > end) return cut;
    return (uint32At(bytes, at) & signedMask) === signed ? yes : no;
  };
}

/** `values` are signed. */
export function wordAmong(offset: number, values: ReadonlySet<number>, mask: number): PacketTest {
  const signedMask = mask | 0;
  return (bytes, start, end) => {
    const at = start + offset;
    if (at + 4 > end) return cut;
    return values.has(uint32At(bytes, at) & signedMask) ? yes : no;
  };
}
