/** What clients change: edits of a text, within the ceilings of the set and its file. */
import { byteSize } from "../base/byte-size.ts";
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { type Filter, type FilterChange, sameFilter } from "./filter.ts";
import type { FilterText } from "./filter-text.ts";
import { readFilters } from "./read-filters.ts";
import { TextEdit } from "./text-edit.ts";

export type FilterEdit =
  | { readonly kind: "set"; readonly filter: Filter }
  | { readonly kind: "delete"; readonly id: string };

export interface EditedText {
  /** The same as before when all edits are refused or change nothing. */
  readonly text: FilterText;
  /** What each edit comes to, in their order; a WeirError where it is refused. */
  readonly outcomes: readonly (FilterChange | WeirError)[];
}

export function withEdits(text: FilterText, edits: readonly FilterEdit[]): EditedText {
  const edited = new TextEdit(text);
  const outcomes = edits.map((edit) => apply(edit, edited));
  const changed = outcomes.some(
    (outcome) => !(outcome instanceof WeirError) && outcome.before !== outcome.after,
  );
  return { text: changed ? edited.done() : text, outcomes };
}

/**
 * The content that stands for `text`, and `text` as it reads there. One of a layout that is rarely
 * seen is read again before.
 * @throws WeirError `filters-too-many`, and `filter-file-broken` when it would not hold what it should
 */
export async function contentOf(
  text: FilterText,
  path: string,
): Promise<{ readonly content: string; readonly text: FilterText }> {
  const content = text.toString();
  if (Buffer.byteLength(content, "utf8") > limits.filterFileBytesMax) {
    throw new WeirError("filters-too-many", tooLong);
  }
  if (text.parts.certain) return { content, text };
  const { text: read } = await readFilters(content);
  if (read === undefined || read.changesFrom(text).length > 0) {
    const message =
      `${path}: clients cannot change a file of this layout; ` +
      "write each filter below filters: as - id: …, or edit the file by hand";
    throw new WeirError("filter-file-broken", message);
  }
  return { content, text: read };
}

function apply(edit: FilterEdit, text: TextEdit): FilterChange | WeirError {
  const id = edit.kind === "set" ? edit.filter.id : edit.id;
  const before = text.get(id);
  if (edit.kind === "delete") {
    if (before === undefined) {
      const shown = quoteText(id, limits.settingShownCharsMax);
      return new WeirError("filter-unknown", `there is no filter ${shown}`);
    }
    text.delete(id);
    return { id, before, after: undefined };
  }
  const after = edit.filter;
  if (before !== undefined && sameFilter(before, after)) return { id, before, after: before };
  const full = fullWith(text, after, before);
  if (full !== undefined) return new WeirError("filters-too-many", full);
  text.set(after);
  return { id, before, after };
}

function fullWith(
  { size, length }: TextEdit,
  filter: Filter,
  before: Filter | undefined,
): string | undefined {
  if (before === undefined && size >= limits.filtersMax) {
    return `there are ${limits.filtersMax} filters already, which is the most`;
  }
  if (before !== undefined && charsOf(filter) <= charsOf(before)) return undefined;
  // What stands around the texts is less than 300 characters, and an escaped one takes six.
  return length + 6 * charsOf(filter) + 300 > limits.filterFileBytesMax ? tooLong : undefined;
}

function charsOf({ id, pattern, description, targetHunters }: Filter): number {
  const texts = [id, pattern, description, ...targetHunters];
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}

const tooLong = `the filter file would become larger than ${byteSize(limits.filterFileBytesMax)}`;
