import { expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";

function setUp() {
  let nowMs = 0;
  const clock: Clock = { monotonicMs: () => nowMs, wallMs: () => 0, random: () => 0 };
  const tasks: { atMs: number; task: () => void }[] = [];
  const lines: string[] = [];
  const write = (line: string) => lines.push(line.slice("00:00:00 ".length));
  const log = createLog({ level: "debug", format: "text", colours: false, clock, write });
  const events = createEvents(log, {
    clock,
    linesMax: 3,
    windowMs: 1000,
    schedule: (task, ms) => tasks.push({ atMs: nowMs + ms, task }),
  });
  const advanceTo = (ms: number) => {
    nowMs = ms;
    for (const { task } of tasks.filter(({ atMs }) => atMs <= ms)) task();
  };
  return { events, lines, advanceTo, tasks };
}

test("counts without a line when there is no message", () => {
  const { events, lines } = setUp();
  events.count("batch-rejected");
  events.count("batch-rejected", 5);
  events.count("stream-opened");
  expect(events.counters()).toEqual({ "batch-rejected": 6, "stream-opened": 1 });
  expect(lines).toEqual([]);
});

test("writes the first lines of a window, then one summary, and counts all", () => {
  const { events, lines, advanceTo, tasks } = setUp();
  advanceTo(200);
  for (let i = 0; i < 1237; i += 1) events.count("bad-batch", 1, `Bad batch ${i}`, { i }, "info");
  expect(lines.length).toBe(3);
  expect(tasks.length).toBe(1);
  advanceTo(1200);
  expect(lines[3]).toBe('info  1,234 more lines like the last "Bad batch 2" lines=1234');
  expect(events.counters()["bad-batch"]).toBe(1237);
  events.count("bad-batch", 1, "Bad batch");
  expect(lines[4]).toBe("warn  Bad batch");
});

test("limits each event for itself", () => {
  const { events, lines } = setUp();
  for (let i = 0; i < 10; i += 1) {
    events.count("a", 1, "A");
    events.count("b", 1, "B");
  }
  expect(lines.length).toBe(6);
});

test("flush tells at once what is held back, and only once", () => {
  const { events, lines, advanceTo } = setUp();
  for (let i = 0; i < 5; i += 1) events.count("a", 1, "A");
  events.flush();
  expect(lines[3]).toBe('warn  2 more lines like the last "A" lines=2');
  advanceTo(5000);
  expect(lines.length).toBe(4);
});

test("a summary quotes a long or hostile message so that it stays one short line", () => {
  const { events, lines } = setUp();
  const hostile = `"x\u001b\n${"y".repeat(5000)}`;
  for (let i = 0; i < 4; i += 1) events.count("a", 1, hostile, {}, "error");
  events.flush();
  expect(lines[3]).toMatch(/^error 1 more line like the last "\\"x\\u001b\\ny{50,}…" lines=1$/);
  expect(lines[3]?.length).toBeLessThan(200);
});
