import { expect, test } from "bun:test";
import { digestOf, isKeyText, KeyRing } from "../../../src/access/key-ring.ts";
import { limits } from "../../../src/config/limits.ts";

test("every key is looked at, whichever fits and if none does: the time says nothing", () => {
  let looks = 0;
  const texts = ["first-key", "second-key", "third-key"];
  const keys = texts.map((name) => ({
    role: "hunter" as const,
    name,
    get digest() {
      looks++;
      return digestOf(name);
    },
  }));
  const ring = new KeyRing(keys);
  for (const text of [...texts, "another-key", "first-kez", ""]) {
    looks = 0;
    expect(ring.find(digestOf(text))?.name).toBe(texts.find((known) => known === text));
    expect(looks).toBe(texts.length);
  }
});

test("what cannot be a key is told by its characters and their number alone", () => {
  const { apiKeyCharsMin: min, apiKeyCharsMax: max } = limits;
  for (const text of ["x".repeat(min), "~".repeat(max), "!".repeat(min)]) {
    expect(isKeyText(text)).toBe(true);
  }
  const long = "x".repeat(min);
  for (const bad of [
    "",
    "x".repeat(min - 1),
    "x".repeat(max + 1),
    `${long} `,
    `${long},`,
    `${long}é`,
  ]) {
    expect(isKeyText(bad)).toBe(false);
  }
  expect(isKeyText(`${long}\u007f`)).toBe(false);
  expect(isKeyText(`${long}\n`)).toBe(false);
});
