/** Files whose filters do not stand in a block list: there are none, or they stand in brackets. */
import type { Filter } from "./filter.ts";
import { FilterText, type Slot } from "./filter-text.ts";
import { rangeOf } from "./yaml-nodes.ts";

/** The text of a file that is not there. */
export function emptyFilterText(): FilterText {
  return withoutKey("");
}

/** There is no `filters:` in the file. */
export function withoutKey(text: string): FilterText {
  const eol = eolOf(text);
  const openHead = `${text}${text === "" || text.endsWith("\n") ? "" : eol}filters:${eol}`;
  const style = { kind: "block", indent: 2, eol } as const;
  const certain = text === "";
  return new FilterText({ head: text, slots: [], tail: "", style, openHead, certain });
}

/** @param value the null under `filters:`, written or not */
export function withoutEntries(text: string, value: unknown): FilterText {
  const eol = eolOf(text);
  const [start, end] = rangeOf(value);
  const newline = text.indexOf("\n", end);
  const lineEnd = newline < 0 ? text.length : newline + 1;
  const style = { kind: "block", indent: 2, eol } as const;
  const openHead = text.slice(0, start) + text.slice(end, lineEnd) + (newline < 0 ? eol : "");
  const [head, tail] = [text.slice(0, lineEnd), text.slice(lineEnd)];
  return new FilterText({ head, slots: [], tail, style, openHead, certain: false });
}

/**
 * @param list the node under `filters:`
 * @param filters what its items read as; undefined for those with problems
 */
export function inBrackets(
  text: string,
  list: { readonly items: readonly unknown[] },
  filters: readonly (Filter | undefined)[],
): FilterText {
  const ranges = list.items.map(rangeOf);
  const [start, end] = rangeOf(list);
  const behind = text[end - 1] === "]" ? end - 1 : end;
  const first = ranges[0]?.[0] ?? start + 1;
  const slots = ranges.map(([from, to], index): Slot => {
    const raw = text.slice(from, ranges[index + 1]?.[0] ?? behind);
    return { raw, length: to - from, filter: filters[index] };
  });
  const [head, tail] = [text.slice(0, first), text.slice(ranges.length === 0 ? first : behind)];
  return new FilterText({ head, slots, tail, style: { kind: "flow" }, certain: false });
}

export function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
