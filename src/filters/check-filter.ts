/** What is wrong with a filter, whoever gives it: the file, a client, another processor. */

import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf } from "../config/nearest-name.ts";
import { filterTypeName } from "../wire/filter-type.ts";
import { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";
import type { Filter } from "./filter.ts";
import { patternFault } from "./pattern-syntax.ts";
import { normalizePhonePattern } from "./phone-pattern.ts";

/** Names as in the file. */
export type FilterField = "id" | "type" | "pattern" | "target_hunters" | "enabled" | "description";

export interface FilterFault {
  readonly field: FilterField;
  readonly text: string;
}

const known: ReadonlySet<number> = new Set(Object.values(FilterType));

/** The first fault of `filter`, or undefined. */
export function checkFilter(filter: Filter): FilterFault | undefined {
  const { id, type, pattern, targetHunters, description } = filter;
  const fault = (field: FilterField, text: string | undefined): FilterFault | undefined =>
    text === undefined ? undefined : { field, text };
  return (
    checkFilterId(id) ??
    fault("type", known.has(type) ? undefined : `${Number(type)} is not a filter type`) ??
    fault("pattern", textFault(pattern, limits.filterPatternBytesMax, unfit)) ??
    fault("pattern", patternFault(type, pattern)) ??
    fault("target_hunters", targetsFault(targetHunters)) ??
    (description === ""
      ? undefined
      : fault(
          "description",
          textFault(description, limits.filterDescriptionBytesMax, unfitInProse),
        ))
  );
}

export function checkFilterId(id: string): FilterFault | undefined {
  const text = textFault(id, limits.filterIdBytesMax, unfit);
  return text === undefined ? undefined : { field: "id", text };
}

/** The filter as it is kept and sent. */
export function normalizeFilter(filter: Filter): Filter {
  if (filter.type !== FilterType.FILTER_PHONE_NUMBER) return filter;
  const pattern = normalizePhonePattern(filter.pattern);
  return pattern === filter.pattern ? filter : { ...filter, pattern };
}

export function unknownType(name: string, nearest: string | undefined): string {
  return `${quoteText(name, limits.settingShownCharsMax)} is not a filter type${hintOf(nearest)}`;
}

const targetsShownMax = 3;

/** A short description for logs: `sip_user "alice", disabled, for "edge-1" and 2 more`. */
export function describeFilter({ type, pattern, enabled, targetHunters }: Filter): string {
  const shown = (text: string) => quoteText(text, limits.settingShownCharsMax);
  const parts = [`${filterTypeName(type)} ${shown(pattern)}`];
  if (!enabled) parts.push("disabled");
  if (targetHunters.length > 0) {
    const more = targetHunters.length - targetsShownMax;
    const named = targetHunters.slice(0, targetsShownMax).map(shown).join(", ");
    parts.push(`for ${named}${more > 0 ? ` and ${more} more` : ""}`);
  }
  return parts.join(", ");
}

/** Controls (Unicode Cc), and what is put in place of bytes that are no UTF-8. */
const unfit = /\p{Cc}|\ufffd|\p{Surrogate}/u;
/** The same but for tabs and line ends. */
const unfitInProse = /[^\P{Cc}\t\n\r]|\ufffd|\p{Surrogate}/u;

function textFault(text: string, bytesMax: number, forbidden: RegExp): string | undefined {
  if (text.trim() === "") return "is empty";
  const bytes = Buffer.byteLength(text, "utf8");
  if (bytes > bytesMax) return `is ${bytes} bytes long; the most is ${bytesMax}`;
  return forbidden.test(text) ? "has control characters or is not valid UTF-8" : undefined;
}

function targetsFault(targets: readonly string[]): string | undefined {
  if (targets.length > limits.filterTargetsMax) {
    return `names ${targets.length} hunters; the most is ${limits.filterTargetsMax}`;
  }
  for (const target of targets) {
    const text = textFault(target, limits.hunterIdBytesMax, unfit);
    if (text !== undefined) return `holds the hunter id ${quoteText(target, 40)}, which ${text}`;
  }
  return undefined;
}
