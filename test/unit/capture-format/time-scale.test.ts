/** Times of pcapng interfaces at the edges of what 64 bits of nanoseconds hold. */
import { expect, test } from "bun:test";
import { createTimeScale } from "../../../src/capture-format/time-scale.ts";

function nanoseconds(resolution: number, ticks: bigint, offsetSeconds = 0n): bigint {
  const target = { timeLow: 0, timeHigh: 0 };
  const scale = createTimeScale(resolution, offsetSeconds);
  scale(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), target);
  return BigInt.asIntN(64, (BigInt(target.timeHigh) << 32n) | BigInt(target.timeLow));
}

const last = 2n ** 63n - 1n;

test.each([3, 6, 9, 12, 0, 0x80 | 20])(
  "resolution %d: what is after 2262 is the last instant",
  (resolution) => {
    const isPowerOfTwo = (resolution & 0x80) !== 0;
    const second = isPowerOfTwo ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
    const fits = 9_223_372_036n * second;
    expect(nanoseconds(resolution, BigInt.asUintN(64, fits))).toBeGreaterThan(0n);
    if (fits < 2n ** 63n) {
      expect(nanoseconds(resolution, fits)).toBe(9_223_372_036_000_000_000n);
      expect(nanoseconds(resolution, fits * 2n - 1n)).toBe(last);
      expect(nanoseconds(resolution, 2n ** 64n - 1n)).toBe(last);
    }
  },
);

test("an offset may lead beyond both ends", () => {
  expect(nanoseconds(6, 0n, 10n ** 12n)).toBe(last);
  expect(nanoseconds(6, 0n, -(10n ** 12n))).toBe(-last);
  expect(nanoseconds(6, 5n, -1n)).toBe(-999_995_000n);
});
