/** Texts in the cells of a table: width on a terminal, cut and filled. */
import { cutText, escapeUnsafe } from "../base/safe-text.ts";
import { showDuration } from "../config/quantity.ts";

/** Columns of a terminal that `text` takes: wide characters count twice, marks not at all. */
export function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

/** A foreign text for one place of a table: safe for a terminal, `-` when it is empty. */
export function cellText(text: string, charsMax: number): string {
  return text === "" ? "-" : escapeUnsafe(cutText(text, charsMax));
}

/** `text` in at most `columns` columns, `…` in place of what was cut off. */
export function fitText(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let fitted = "";
  let width = 1;
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    fitted += character;
  }
  return `${fitted}…`;
}

/** `text` filled up with spaces to `columns`. */
export function padText(text: string, columns: number, align: "left" | "right" = "left"): string {
  const spaces = " ".repeat(Math.max(columns - widthOf(text), 0));
  return align === "left" ? text + spaces : spaces + text;
}

/** `1h30m5s` */
export function secondsText(seconds: bigint): string {
  return seconds === 0n ? "0s" : showDuration(Number(seconds) * 1000);
}
