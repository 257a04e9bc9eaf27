import { describe, expect, test } from "bun:test";
import { fitText, padText, widthOf } from "../../../src/client/cell-text.ts";
import { jsonText } from "../../../src/client/json-text.ts";
import { type Column, renderDetails, renderTable } from "../../../src/client/table.ts";

interface Row {
  readonly name: string;
  readonly count: string;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", cell: (row) => row.name, columnsMin: 6 },
  { title: "COUNT", cell: (row) => row.count, align: "right" },
  { title: "NOTE", cell: (row) => row.note, columnsMin: 4, tone: () => "bad" },
];
const wide = { columns: 80, colours: false };
const rows: readonly Row[] = [
  { name: "a", count: "1", note: "first" },
  { name: "longer-name", count: "1,000", note: "" },
];

describe("a table", () => {
  test("has its columns below each other, numbers to the right, and - for nothing", () => {
    expect(renderTable(rows, columns, wide)).toEqual([
      "NAME         COUNT  NOTE",
      "a                1  first",
      "longer-name  1,000  -",
    ]);
  });

  test("gives up characters of its widest columns to fit the screen, down to their least", () => {
    const long = [{ name: "n".repeat(60), count: "1,000", note: "m".repeat(60) }];
    for (const width of [80, 40, 24]) {
      const lines = renderTable(long, columns, { columns: width, colours: false });
      for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(width);
      expect(lines[1]).toContain("…");
      expect(lines[1]).toContain("1,000");
    }
    const [, tooNarrow = ""] = renderTable(long, columns, { columns: 5, colours: false });
    expect(tooNarrow).toBe("nnnnn…  1,000  mmm…");
  });

  test("colours cells, not titles", () => {
    const [titles, line] = renderTable(rows, columns, { columns: 80, colours: true });
    expect(titles).not.toContain("\u001b");
    expect(line).toEndWith("\u001b[31mfirst\u001b[0m");
  });

  test("shows nothing that a terminal would act on, and cuts what has no end", () => {
    const hostile = { name: "\u001b[2J\u202ename", count: "1", note: "x".repeat(1_000_000) };
    const screen = { columns: Number.POSITIVE_INFINITY, colours: false };
    const [, line = ""] = renderTable([hostile], columns, screen);
    expect(line).toStartWith("\\u001b[2J\\u202ename  ");
    expect(line.length).toBeLessThan(400);
  });

  test("counts wide characters as a terminal does", () => {
    expect(widthOf("日本")).toBe(4);
    expect(fitText("日本語テキスト", 6)).toBe("日本…");
    expect(padText("日本", 6)).toBe("日本  ");
    expect(padText("日本", 6, "right")).toBe("  日本");
  });
});

test("details are whole and safe", () => {
  const value = "y".repeat(1000);
  expect(
    renderDetails([
      ["Id", "a\nb"],
      ["Pattern", value],
    ]),
  ).toEqual(["Id       a\\u000ab", `Pattern  ${value}`]);
});

describe("JSON", () => {
  test("has all digits of 64-bit numbers", () => {
    expect(jsonText({ count: 18_446_744_073_709_551_615n })).toContain(": 18446744073709551615");
  });

  test("is the same text for a program, and harmless for a terminal", () => {
    const value = { id: '\u001b[2J\u009b\u202e\ud800"\\ \n日本' };
    const text = jsonText(value);
    expect(JSON.parse(text)).toEqual(value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain("日本");
  });
});
