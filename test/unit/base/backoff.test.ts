import { expect, test } from "bun:test";
import { createBackoff } from "../../../src/base/backoff.ts";

test("the delays double up to the longest one", () => {
  const backoff = createBackoff({ minMs: 100, maxMs: 700, clock: { random: () => 1 } });
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 400, 700, 700]);
});

test("a delay lies in the upper half of its step", () => {
  const backoff = createBackoff({ minMs: 100, maxMs: 400, clock: { random: () => 0 } });
  expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([50, 100, 200, 200]);
});

test("after a success the first delay is the shortest again", () => {
  const backoff = createBackoff({ minMs: 100, maxMs: 400, clock: { random: () => 1 } });
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(100);
});
