/** Renders a table that fits a terminal. */
import { limits } from "../config/limits.ts";
import { cellText, fitText, padText, widthOf } from "./cell-text.ts";
import { paint, type Screen, type Tone } from "./screen.ts";

export interface Column<Row> {
  readonly title: string;
  /** Foreign text may stand in it: it is made safe here. */
  readonly cell: (row: Row) => string;
  readonly align?: "left" | "right";
  /** A column with this may be cut down to so many characters when the table is too wide. */
  readonly columnsMin?: number;
  readonly tone?: (row: Row) => Tone | undefined;
}

const gap = 2;

/** A table with a line of titles, as wide as the screen at most where its columns allow that. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  screen: Screen,
): string[] {
  const cells = rows.map((row) =>
    columns.map(({ cell }) => cellText(cell(row), limits.clientCellCharsMax)),
  );
  const titles = columns.map(({ title }) => title);
  const widths = fitWidths(naturalWidths([titles, ...cells]), columns, screen.columns);
  const line = (texts: readonly string[], row?: Row): string =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const text = padText(fitText(texts[index] ?? "", width), width, column.align);
        return row === undefined ? text : paint(text, column.tone?.(row), screen);
      })
      .join(" ".repeat(gap))
      .trimEnd();
  return [line(titles), ...cells.map((texts, index) => line(texts, rows[index]))];
}

function naturalWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [index, text] of line.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(text));
    }
  }
  return widths;
}

/** Takes from the widest column that may give, one character at a time. */
function fitWidths(
  natural: readonly number[],
  columns: readonly Column<never>[],
  columnsMax: number,
): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - columnsMax;
  for (; excess > 0; excess -= 1) {
    let widest = -1;
    for (const [index, { columnsMin = Number.POSITIVE_INFINITY }] of columns.entries()) {
      const width = widths[index] ?? 0;
      if (width > columnsMin && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Names and values below each other, the values whole. */
export function renderDetails(details: readonly (readonly [name: string, value: string])[]) {
  const width = Math.max(...details.map(([name]) => widthOf(name))) + gap;
  return details.map(
    ([name, value]) => padText(name, width) + cellText(value, Number.POSITIVE_INFINITY),
  );
}
