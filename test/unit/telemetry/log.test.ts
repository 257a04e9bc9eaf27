import { describe, expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { createForwardingLog, createLog } from "../../../src/telemetry/log.ts";
import type { LogRecord } from "../../../src/telemetry/log-record.ts";

const clock: Clock = { monotonicMs: () => 0, wallMs: () => 1_760_000_000_000, random: () => 0 };

function textLog(level: "debug" | "info" | "warn" | "error" = "info") {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, log: createLog({ level, format: "text", colours: false, clock, write }) };
}

function jsonLog() {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, log: createLog({ level: "debug", format: "json", clock, write }) };
}

describe("text", () => {
  test("is time, level, message and fields", () => {
    const { lines, log } = textLog();
    log.info("hunter-connected", "Hunter connected", {
      hunter: "edge-1",
      interfaces: 2,
      tls: true,
    });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d info {2}Hunter connected hunter=edge-1 interfaces=2 tls=true$/,
    );
  });

  test("leaves out fields without a value and quotes those with spaces", () => {
    const { lines, log } = textLog();
    log.warn("x", "Text", { a: undefined, b: "two words", c: 'say "hi"', d: "", e: "k=v" });
    expect(lines[0]).toEndWith(String.raw`Text b="two words" c="say \"hi\"" d="" e="k=v"`);
  });

  test("has colours only when asked", () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    createLog({ level: "info", format: "text", colours: true, write }).error("x", "Red");
    expect(lines[0]).toContain("\u001b[31merror\u001b[0m Red");
  });

  test("writes nothing below its level", () => {
    const { lines, log } = textLog("warn");
    log.debug("x", "a");
    log.info("x", "b");
    log.warn("x", "c");
    log.error("x", "d");
    expect(lines.map((line) => line.at(-1))).toEqual(["c", "d"]);
  });

  test("does not swallow equal lines", () => {
    const { lines, log } = textLog();
    for (let i = 0; i < 20; i += 1) log.info("x", "same");
    expect(lines.length).toBe(20);
  });

  test("does not swallow equal lines after a step of the clock backwards either", () => {
    const lines: string[] = [];
    let wallMs = 1_760_000_000_000;
    const stepping = { ...clock, wallMs: () => (wallMs -= 60_000) };
    const write = (line: string) => lines.push(line);
    const log = createLog({ level: "info", format: "text", clock: stepping, write });
    for (let i = 0; i < 20; i += 1) log.info("x", "same");
    expect(lines.length).toBe(20);
  });

  test("is written for an empty message too", () => {
    const { lines, log } = textLog();
    log.info("x", "", { a: 1 });
    expect(lines[0]).toEndWith("info   a=1");
  });
});

const hostile = [
  "a\nb",
  "a\r\nb",
  "\u001b[2J\u001b[31mred",
  "\u009b31m",
  "x\u0000y",
  "a\u2028b\u2029c",
  "\u202egnp.exe",
  "\ud800lone",
  "\u007f\u0008",
  '"}\n{"level":"error"}',
];

describe("a hostile value", () => {
  for (const value of hostile) {
    test(`${JSON.stringify(value)} forges nothing as text`, () => {
      const { lines, log } = textLog();
      log.info("x", `Hunter ${value}`, { hunter: value });
      expect(lines.length).toBe(1);
      expect(lines[0]).toMatch(/^[\u0020-\u007e]*$/);
    });

    test(`${JSON.stringify(value)} forges nothing as JSON, and reads back the same`, () => {
      const { lines, log } = jsonLog();
      log.info("x", `Hunter ${value}`, { hunter: value, level: "forged" });
      expect(lines[0]).toMatch(/^[\u0020-\u007e]*$/);
      const line = JSON.parse(lines[0] ?? "");
      expect(line.hunter).toBe(value);
      expect(line.message).toBe(`Hunter ${value}`);
      expect(line.level).toBe("info");
    });
  }

  test("is cut at 256 characters and never inside a pair", () => {
    const { lines, log } = jsonLog();
    log.info("x", "m", { long: "é".repeat(300), pair: `${"a".repeat(255)}😀tail` });
    const line = JSON.parse(lines[0] ?? "");
    expect(line.long).toBe(`${"é".repeat(256)}…`);
    expect(line.pair).toBe(`${"a".repeat(255)}…`);
  });
});

test("JSON holds time, level, event, message, then fields", () => {
  const { lines, log } = jsonLog();
  log.error("disk-full", "No space", { bytes: 5, ratio: Number.NaN, none: undefined });
  expect(lines[0]).toBe(
    '{"time":"2025-10-09T08:53:20.000Z","level":"error","event":"disk-full",' +
      '"message":"No space","bytes":5,"ratio":"NaN"}',
  );
});

test("a worker's record is written by control as if logged there", () => {
  const { lines, log } = textLog();
  const worker = createForwardingLog(
    (record: LogRecord) => log.writeRecord(structuredClone(record)),
    "info",
    clock,
  );
  worker.debug("x", "not wanted");
  worker.warn("x", "From a shard", { shard: 2 });
  expect(lines.length).toBe(1);
  expect(lines[0]).toEndWith("warn  From a shard shard=2");
});
