import { expect, test } from "bun:test";
import { type FlowLevel, flowControl, nextLevel } from "../../../src/ingest/pressure.ts";

const { continue: go, slow, pause } = flowControl;

test("the level rises at 70 and 90 percent and falls below 30", () => {
  const table: readonly [FlowLevel, number, FlowLevel][] = [
    [go, 0, go],
    [go, 0.7, go],
    [go, 0.7001, slow],
    [go, 0.9, slow],
    [go, 0.9001, pause],
    [go, 5, pause],
    [slow, 0.9, slow],
    [slow, 0.9001, pause],
    [slow, 0.5, slow],
    [slow, 0.3, slow],
    [slow, 0.2999, go],
    [pause, 0.9, pause],
    [pause, 0.71, pause],
    [pause, 0.5, pause],
    [pause, 0.3, pause],
    [pause, 0.2999, go],
  ];
  for (const [level, fill, expected] of table) {
    expect(nextLevel(level, fill), `${level} at ${fill}`).toBe(expected);
  }
});
