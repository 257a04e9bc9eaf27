import { expect, test } from "bun:test";
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
