import { describe, expect, test } from "bun:test";
import { escapeUnsafeDistinctly } from "../../../src/base/safe-text.ts";

describe("an escape that keeps texts apart", () => {
  test("shows what a terminal would obey, and leaves the rest", () => {
    expect(escapeUnsafeDistinctly("a\u001b[2J\0\n\u007f\u009b")).toBe(
      "a\\u001b[2J\\u0000\\u000a\\u007f\\u009b",
    );
    for (const text of ["eth0", "网络 🦀", "\\Device\\NPF_{1}", "C:\\users", "\\u00AB", "\\x1b"]) {
      expect(escapeUnsafeDistinctly(text)).toBe(text);
    }
  });

  test("is another text for each text", () => {
    const parts = ["\\", "\u001b", "\0", "u001b", "u005c", "u0000", "x"];
    let texts = [""];
    const seen = new Map<string, string>();
    for (let length = 1; length <= 4; length++) {
      texts = texts.flatMap((text) => parts.map((part) => text + part));
      for (const text of texts) {
        const escaped = escapeUnsafeDistinctly(text);
        expect(seen.get(escaped) ?? text).toBe(text);
        seen.set(escaped, text);
      }
    }
  });
});
