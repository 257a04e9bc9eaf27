import { expect, test } from "bun:test";
import { basename } from "node:path";
import {
  asidePath,
  besideName,
  captureName,
  numberedIndex,
  numberedPath,
  plainPath,
  sidePath,
} from "../../../src/record/file-names.ts";

const name = captureName("/data/site.a.pcapng");
const wallMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

test("the names of one capture", () => {
  expect(plainPath(name)).toBe("/data/site.a.pcapng");
  expect(plainPath(besideName(name, "raw"))).toBe("/data/site.a.raw.pcapng");
  expect(numberedPath(name, 1, wallMs)).toBe("/data/site.a_00001_20260102T030405Z.pcapng");
  expect(numberedPath(name, 123_456, wallMs)).toContain("_123456_");
  expect(asidePath(name, wallMs, 0)).toBe("/data/site.a.20260102T030405Z.pcapng");
  expect(asidePath(name, wallMs, 1)).toBe("/data/site.a.20260102T030405Z-1.pcapng");
  expect(sidePath(name)).toBe("/data/.site.a.pcapng.weir");
});

test("a wild clock gives names of the series all the same", () => {
  for (const [clockMs, time] of [
    [Date.UTC(9999, 11, 31, 23, 59, 59, 999), "99991231T235959Z"],
    [Date.UTC(10_000, 0, 1), "99991231T235959Z"],
    [Number.MAX_SAFE_INTEGER, "99991231T235959Z"],
    [-1, "19700101T000000Z"],
  ] as const) {
    const path = numberedPath(name, 7, clockMs);
    expect(path).toBe(`/data/site.a_00007_${time}.pcapng`);
    expect(numberedIndex(name, basename(path))).toBe(7);
    expect(asidePath(name, clockMs, 0)).toBe(`/data/site.a.${time}.pcapng`);
  }
});

test("only names of the series have an index", () => {
  expect(numberedIndex(name, "site.a_00042_20260102T030405Z.pcapng")).toBe(42);
  expect(numberedIndex(name, "site.a_123456_20260102T030405Z.pcapng")).toBe(123_456);
  const others = [
    "site.a.pcapng",
    "site.a_42_20260102T030405Z.pcapng",
    "site.a_00042_20260102T030405Z.pcap",
    "site.b_00042_20260102T030405Z.pcapng",
    "site.a.raw_00042_20260102T030405Z.pcapng",
    "site.a_00042_20260102.pcapng",
    "xsite.a_00042_20260102T030405Z.pcapng",
    "site.a_00042_20260102T030405Z.pcapng.gz",
  ];
  for (const other of others) expect(numberedIndex(name, other)).toBeUndefined();
});
