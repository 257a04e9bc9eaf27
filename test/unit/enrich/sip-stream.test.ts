import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { SipStream } from "../../../src/enrich/sip-stream.ts";
import { text } from "../../support/packets.ts";

const head = "BYE sip:b@x SIP/2.0\r\nCall-ID: c\r\n";
const whole = text(`${head}Content-Length: 4\r\n\r\nbody`);

function read(stream: SipStream, key: number, sequence: number, bytes: Uint8Array) {
  const reading = stream.read(key, sequence, bytes, 0, bytes.length);
  return reading && [reading.message.isHeadWhole, reading.message.isWhole, reading.isHeadNew];
}

test("a message in one segment waits for nothing", () => {
  const stream = new SipStream();
  expect(read(stream, 1, 0, whole)).toEqual([true, true, true]);
  expect(read(stream, 1, 100, text("body"))).toBeUndefined();
  expect(stream.size).toBe(0);
});

test("segments are joined by their numbers, beyond 2^32 too", () => {
  const stream = new SipStream();
  const start = 2 ** 32 - 10;
  expect(read(stream, 1, start, whole.subarray(0, 25))).toEqual([false, false, false]);
  expect(read(stream, 2, 15, whole.subarray(25))).toBeUndefined();
  expect(read(stream, 1, 16, whole.subarray(25))).toBeUndefined();
  expect(read(stream, 1, 15, whole.subarray(25, 56))).toEqual([true, false, true]);
  expect(read(stream, 1, start, whole.subarray(0, 25))).toEqual([false, false, false]);
  expect(read(stream, 1, 15, whole.subarray(25, 56))).toEqual([true, false, true]);
  expect(read(stream, 1, 46, whole.subarray(56))).toEqual([true, true, false]);
  expect(stream.size).toBe(0);
});

test("a new message takes the place of one that never ended", () => {
  const stream = new SipStream();
  read(stream, 1, 0, whole.subarray(0, 25));
  expect(read(stream, 1, 5000, whole)).toEqual([true, true, true]);
  expect(stream.size).toBe(0);
});

test("messages wait for so many segments and bytes, and so many of them", () => {
  const stream = new SipStream();
  for (let at = 0; at < limits.sipSegmentsMax; at++) {
    expect(stream.size).toBe(at === 0 ? 0 : 1);
    const bytes = at === 0 ? text(head) : text("X: y\r\n");
    read(stream, 1, at === 0 ? 0 : head.length + (at - 1) * 6, bytes);
  }
  expect(stream.size).toBe(0);
  const long = text(`${head}Content-Length: 99999\r\n\r\n${"x".repeat(40_000)}`);
  expect(read(stream, 1, 0, long)).toEqual([true, false, true]);
  expect(stream.size).toBe(0);
  for (let key = 0; key <= limits.sipPartsMax; key++) read(stream, key, 0, text(head));
  expect(stream.size).toBe(limits.sipPartsMax);
  expect(read(stream, 0, head.length, text("\r\n"))).toBeUndefined();
  expect(read(stream, 1, head.length, text("\r\n"))).toEqual([true, true, true]);
});
