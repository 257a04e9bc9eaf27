import { describe, expect, test } from "bun:test";
import {
  checkCaptureHeader,
  hasCaptureHeader,
  headerFault,
} from "../../../src/packet/capture-header.ts";

const { none, short, foreign } = headerFault;

function check(linkType: number, data: Uint8Array): number {
  // Not at the start: what stands around a packet is no part of it.
  const around = Buffer.alloc(data.length + 60, 0xff);
  around.set(data, 30);
  return checkCaptureHeader(linkType, around, 30, data.length);
}

function erf(type: number, extensions: number, length: number): Uint8Array {
  const data = Buffer.alloc(length);
  data[8] = type | (extensions > 0 ? 0x80 : 0);
  for (let number = 1; number < extensions; number++) {
    const at = 8 + 8 * number;
    if (at < length) data[at] = 0x80;
  }
  return data;
}

describe("the header of a link type", () => {
  test.each([
    [123, 4],
    [139, 4],
    [196, 5],
    [197, 16],
    [201, 4],
    [204, 1],
    [209, 5],
    [245, 2],
    [254, 4],
  ])("%d has %d bytes", (linkType, bytes) => {
    expect(hasCaptureHeader(linkType)).toBe(true);
    for (let length = 0; length < bytes; length++) {
      expect(check(linkType, Buffer.alloc(length))).toBe(short);
    }
    expect(check(linkType, Buffer.alloc(bytes))).toBe(none);
  });

  test.each([
    [144, 0x17],
    [177, 0x30],
  ])("%d is a cooked header of protocol %d", (linkType, protocol) => {
    const data = Buffer.alloc(16);
    data.writeUInt16BE(protocol, 14);
    expect(check(linkType, data)).toBe(none);
    expect(check(linkType, data.subarray(0, 15))).toBe(short);
    data.writeUInt16BE(protocol + 1, 14);
    expect(check(linkType, data)).toBe(foreign);
    data.writeUInt16BE(protocol | 0x100, 14);
    expect(check(linkType, data)).toBe(foreign);
  });

  test.each([
    [1, 0],
    [2, 2],
    [5, 4],
    [9, 4],
    [10, 0],
    [11, 2],
    [17, 4],
    [20, 2],
    [27, 0],
  ])("of ERF type %d ends %d bytes behind its extensions", (type, more) => {
    for (const extensions of [0, 1, 2, 7, 8, 9, 20]) {
      const bytes = 16 + 8 * extensions + more;
      expect(check(197, erf(type, extensions, bytes))).toBe(none);
      expect(check(197, erf(type, extensions, bytes - 1))).toBe(short);
    }
  });

  test("of ERF never ends when each extension announces another", () => {
    expect(check(197, Buffer.alloc(262_144, 0xff))).toBe(short);
  });

  test("is nothing for link types without one", () => {
    for (const linkType of [0, 1, 101, 113, 276, 65_535]) {
      expect(hasCaptureHeader(linkType)).toBe(false);
      expect(check(linkType, Buffer.alloc(0))).toBe(none);
    }
  });
});
