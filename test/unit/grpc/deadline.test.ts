import { expect, test } from "bun:test";
import { timeoutOf } from "../../../src/grpc/deadline.ts";

test("a timeout is read in each of its units, and rounded up", () => {
  const cases: [string, number | undefined][] = [
    ["2H", 7_200_000],
    ["3M", 180_000],
    ["4S", 4000],
    ["5m", 5],
    ["1500u", 2],
    ["1n", 1],
    ["0m", 0],
    ["99999999m", 99_999_999],
    // Longer than timers run.
    ["99999999S", undefined],
    ["99999999H", undefined],
  ];
  for (const [value, expected] of cases) {
    expect([value, timeoutOf([["grpc-timeout", value]])]).toEqual([value, expected]);
  }
  expect(timeoutOf([["te", "trailers"]])).toBeUndefined();
});

test("what is no timeout is told", () => {
  for (const value of ["", "5", "m", "-1m", "1.5S", "123456789m", "1s", "1 m", "1mm"]) {
    expect([value, typeof timeoutOf([["grpc-timeout", value]])]).toEqual([value, "string"]);
  }
});
