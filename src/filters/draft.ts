/** Edits of a filter file's text that can be undone together. */
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { type Filter, type FilterChange, sameFilter } from "./filter.ts";
import type { FilterText } from "./filter-text.ts";
import { readFilters } from "./read-filters.ts";

export type FilterEdit =
  | { readonly kind: "set"; readonly filter: Filter }
  | { readonly kind: "delete"; readonly id: string };

/** Edits made to a text, until somebody keeps or undoes them there. */
export class Draft {
  /** False when all edits are refused or change nothing. */
  changed = false;
  /** What each edit comes to, in their order. */
  readonly outcomes: readonly (FilterChange | WeirError)[];
  private drafted: FilterText;

  constructor(text: FilterText, edits: readonly FilterEdit[]) {
    this.drafted = text;
    this.outcomes = edits.map((edit) => this.apply(edit));
  }

  get text(): FilterText {
    return this.drafted;
  }

  /**
   * The text to write. One of a layout that is rarely seen is read again before.
   * @throws WeirError `filter-file-broken` when it would not hold what it should
   */
  async content(path: string): Promise<string> {
    const content = this.drafted.toString();
    if (Buffer.byteLength(content, "utf8") > limits.filterFileBytesMax) {
      throw new WeirError("filters-too-many", tooLong);
    }
    if (this.drafted.certain) return content;
    const { text } = await readFilters(content);
    if (text === undefined || text.changesFrom(this.drafted.filters()).length > 0) {
      const message =
        `${path}: this layout cannot be changed by a client; ` +
        "list the filters below filters: as - id: …, or edit the file";
      throw new WeirError("filter-file-broken", message);
    }
    this.drafted = text;
    return content;
  }

  private apply(edit: FilterEdit): FilterChange | WeirError {
    const id = edit.kind === "set" ? edit.filter.id : edit.id;
    const before = this.drafted.get(id);
    if (edit.kind === "delete") {
      if (before === undefined) {
        const shown = quoteText(id, limits.settingShownCharsMax);
        return new WeirError("filter-unknown", `there is no filter ${shown}`);
      }
      this.drafted.delete(id);
      this.changed = true;
      return { id, before, after: undefined };
    }
    const after = edit.filter;
    if (before !== undefined && sameFilter(before, after)) return { id, before, after: before };
    const full = this.fullWith(after, before);
    if (full !== undefined) return new WeirError("filters-too-many", full);
    this.drafted.set(after);
    this.changed = true;
    return { id, before, after };
  }

  private fullWith(filter: Filter, before: Filter | undefined): string | undefined {
    const { size, length } = this.drafted;
    if (before === undefined && size >= limits.filtersMax) {
      return `there are ${limits.filtersMax} filters, the most`;
    }
    if (before !== undefined && charsOf(filter) <= charsOf(before)) return undefined;
    // What stands around the texts is less than 300 characters, and an escaped one takes six.
    return length + 6 * charsOf(filter) + 300 > limits.filterFileBytesMax ? tooLong : undefined;
  }
}

function charsOf({ id, pattern, description, targetHunters }: Filter): number {
  const texts = [id, pattern, description, ...targetHunters];
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}

const tooLong = `the filters would take more than ${limits.filterFileBytesMax} bytes in their file`;
