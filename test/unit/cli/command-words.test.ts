import { expect, test } from "bun:test";
import { shielded, unshielded } from "../../../src/cli/command-words.ts";

const lines: [string[], string[]][] = [
  [[], ["--"]],
  [
    ["list", "hunters"],
    ["list", "hunters", "--"],
  ],
  [
    ["process", "-wa_b"],
    ["process", "--", "-wa_b"],
  ],
  [["--help"], ["--", "--help"]],
  [
    ["process", "--", "x", "--"],
    ["process", "--", "--", "x", "--"],
  ],
];

test("words are the same behind citty, which parses no flag of them", () => {
  for (const [words, there] of lines) {
    expect(shielded(words)).toEqual(there);
    expect(unshielded(there)).toEqual(words);
  }
});
