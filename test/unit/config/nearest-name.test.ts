import { expect, test } from "bun:test";
import { hintOf, nearestName } from "../../../src/config/nearest-name.ts";

const known = ["--write-file", "--workers", "--stats", "--listen", "--tls", "--tls-ca"];

test("finds a name with a slip in it", () => {
  expect(nearestName("--wirte-file", known)).toBe("--write-file");
  expect(nearestName("--write_file", known)).toBe("--write-file");
  expect(nearestName("--worker", known)).toBe("--workers");
  expect(nearestName("--lsiten", known)).toBe("--listen");
  expect(nearestName("--tsl", known)).toBe("--tls");
});

test("proposes nothing for what resembles nothing", () => {
  expect(nearestName("--frobnicate", known)).toBeUndefined();
  expect(nearestName("", known)).toBeUndefined();
  expect(hintOf(undefined)).toBe("");
  expect(hintOf("--listen")).toBe("; did you mean --listen?");
});
