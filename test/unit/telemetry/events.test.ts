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

const rejected = { name: "batch-rejected", level: "info", limited: true } as const;
const a = { name: "a", level: "warn", limited: true } as const;

test("writes a line and counts in one step", () => {
  const { events, lines } = setUp();
  events.tell({ name: "stream-opened", level: "debug" }, "Opened", { stream: 1 });
  events.tell({ name: "calls-evicted", level: "error" }, "5 calls", {}, 5);
  expect(lines).toEqual(["debug Opened stream=1", "error 5 calls"]);
  expect(events.counts()).toEqual({ "stream-opened": 1, "calls-evicted": 5 });
});

test("writes the first lines of a window, then one summary, and counts all", () => {
  const { events, lines, advanceTo, tasks } = setUp();
  advanceTo(200);
  for (let i = 0; i < 1237; i += 1) events.tell(rejected, `Bad batch ${i}`, { i });
  expect(lines.length).toBe(3);
  expect(tasks.length).toBe(1);
  advanceTo(1200);
  expect(lines[3]).toBe('info  1,234 more lines like the last "Bad batch 2" lines=1234');
  expect(events.counts()["batch-rejected"]).toBe(1237);
  events.tell(rejected, "Bad batch");
  expect(lines[4]).toBe("info  Bad batch");
});

test("limits each event for itself, and only those that peers decide about", () => {
  const { events, lines } = setUp();
  for (let i = 0; i < 10; i += 1) {
    events.tell(a, "A");
    events.tell(rejected, "B");
  }
  expect(lines.length).toBe(6);
  for (let i = 0; i < 10; i += 1) events.tell({ name: "c", level: "warn" }, "C");
  expect(lines.length).toBe(16);
});

test("flush tells at once what is held back, and only once", () => {
  const { events, lines, advanceTo } = setUp();
  for (let i = 0; i < 5; i += 1) events.tell(a, "A");
  events.flush();
  expect(lines[3]).toBe('warn  2 more lines like the last "A" lines=2');
  advanceTo(5000);
  expect(lines.length).toBe(4);
});

test("a summary quotes a long or hostile message so that it stays one short line", () => {
  const { events, lines } = setUp();
  const hostile = `"x\u001b\n${"y".repeat(5000)}`;
  for (let i = 0; i < 4; i += 1) events.tell({ ...a, level: "error" }, hostile);
  events.flush();
  expect(lines[3]).toMatch(/^error 1 more line like the last "\\"x\\u001b\\ny{50,}…" lines=1$/);
  expect(lines[3]?.length).toBeLessThan(200);
});

test("what workers counted comes together in control, each count once", () => {
  const [worker, other, control] = [setUp().events, setUp().events, setUp().events];
  expect(worker.takeCounts()).toBeUndefined();
  worker.tell(a, "A");
  worker.tell(rejected, "B", {}, 3);
  other.tell(a, "A");
  control.tell(a, "A");
  for (const { takeCounts } of [worker, other, worker]) control.add(takeCounts() ?? {});
  worker.tell(a, "A");
  expect(worker.takeCounts()).toEqual({ a: 1 });
  expect(worker.takeCounts()).toBeUndefined();
  expect(control.counts()).toEqual({ a: 3, "batch-rejected": 3 });
});
