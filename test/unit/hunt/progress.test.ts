import { expect, test } from "bun:test";
import { ProgressBar } from "../../../src/hunt/progress.ts";
import { barLine, type Progress, plainLine, shortCount } from "../../../src/hunt/progress-line.ts";

const progress: Progress = {
  fraction: 0.5,
  packetsRead: 1_234_567,
  packetsAcked: 1_230_000,
  packetsPerSecond: 123_456,
  bytesPerSecond: 98_300_000,
  state: "reconnecting",
};

test("the line fits its terminal, with the bar as long as there is room", () => {
  for (const columns of [20, 40, 60, 80, 120, 300]) {
    const line = barLine(progress, columns, false);
    expect(line.length).toBeLessThan(columns);
    expect(line).toEndWith("reconnecting");
  }
  expect(barLine({ ...progress, state: "sending" }, 80, false)).toBe(
    "[########.........]  50% 1.23M packets  123k/s  98.3 MB/s  1.23M acked  sending",
  );
  expect(barLine(progress, 120, false)).toContain("[###############...............]");
});

test("without a length there is no bar, and without colours no escape sequence", () => {
  const line = barLine({ ...progress, fraction: undefined }, 80, false);
  expect(line).toStartWith("1.23M packets");
  expect(line).not.toContain("\u001b");
  expect(barLine(progress, 80, true)).toContain("\u001b[31mreconnecting\u001b[0m");
});

test("the plain line has whole numbers", () => {
  expect(plainLine(progress)).toBe(
    "reconnecting: 50%, 1,234,567 packets read, 1,230,000 acknowledged, 123,456 packets/s, 98.3 MB/s",
  );
});

test("counts in three digits", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [999.6, "1.00k"],
    [9994, "9.99k"],
    [9996, "10.0k"],
    [99_960, "100k"],
    [999_499, "999k"],
    [999_600, "1.00M"],
    [45_600_000_000, "45.6G"],
  ];
  for (const [count, text] of cases) expect(shortCount(count)).toBe(text);
});

test("a log line clears the bar, and the bar comes back under it", () => {
  const written: string[] = [];
  const terminal = {
    columns: 80,
    writableLength: 0,
    write: (text: string) => written.push(text),
  };
  const clock = { monotonicMs: () => 0 };
  const bar = new ProgressBar(terminal, false, clock);
  bar.writeLine("before");
  bar.start(() => ({ ...progress, dataBytesRead: 0 }));
  bar.writeLine("a log line");
  bar.stop();
  bar.writeLine("after");
  const clear = "\r\u001b[K";
  const line = written[1]?.slice(clear.length) ?? "";
  expect(line).toEndWith("reconnecting");
  expect(written).toEqual([
    "before\n",
    `${clear}${line}`,
    `${clear}a log line\n${line}`,
    clear,
    "after\n",
  ]);
});

test("a terminal that does not keep up is not written to", () => {
  const written: string[] = [];
  const terminal = { columns: 80, writableLength: 1, write: (text: string) => written.push(text) };
  const bar = new ProgressBar(terminal, false, { monotonicMs: () => 0 });
  bar.start(() => ({ ...progress, dataBytesRead: 0 }));
  bar.stop();
  expect(written).toEqual([]);
});
