import { describe, expect, test } from "bun:test";
import { parseDuration, parseSize, showDuration, showSize } from "../../../src/config/quantity.ts";

describe("sizes", () => {
  const good: [string, number][] = [
    ["0", 0],
    ["4096", 4096],
    ["1K", 1024],
    ["100M", 104_857_600],
    ["2g", 2_147_483_648],
    ["1.5T", 1_649_267_441_664],
    ["10MB", 10_485_760],
    ["10MiB", 10_485_760],
  ];
  for (const [text, bytes] of good) test(text, () => expect(parseSize(text)).toBe(bytes));
  for (const text of ["", "M", "-1", "1 M", "1e3", "0x10", "1P", "9999999999999T", "1.K", "١"]) {
    test(`not ${JSON.stringify(text)}`, () => expect(parseSize(text)).toBeUndefined());
  }
});

describe("durations", () => {
  const good: [string, number][] = [
    ["0", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    [".5s", 500],
    ["250us", 0.25],
    ["1m1s1ms", 61_001],
  ];
  for (const [text, ms] of good) test(text, () => expect(parseDuration(text)).toBeCloseTo(ms, 9));
  for (const text of ["", "5", "s", "-5s", "5 s", "5sec", "1h30", "1d", "x5s", "5sx"]) {
    test(`not ${JSON.stringify(text)}`, () => expect(parseDuration(text)).toBeUndefined());
  }
});

test("what is shown reads back", () => {
  for (const bytes of [0, 1, 1023, 1024, 1536, 33_554_432, 1024 ** 4]) {
    expect(parseSize(showSize(bytes))).toBe(bytes);
  }
  for (const ms of [0, 1, 500, 5000, 61_001, 5_400_000]) {
    expect(parseDuration(showDuration(ms))).toBe(ms);
  }
});
