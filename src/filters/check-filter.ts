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
    fault("type", known.has(type) ? undefined : `unknown type ${Number(type)}`) ??
    fault("pattern", textFault(pattern, limits.filterPatternBytesMax, controls)) ??
    fault("pattern", patternFault(type, pattern)) ??
    fault("target_hunters", targetsFault(targetHunters)) ??
    (description === ""
      ? undefined
      : fault(
          "description",
          textFault(description, limits.filterDescriptionBytesMax, controlsOfProse),
        ))
  );
}

export function checkFilterId(id: string): FilterFault | undefined {
  const text = textFault(id, limits.filterIdBytesMax, controls);
  return text === undefined ? undefined : { field: "id", text };
}

/** The filter as it is kept and sent. */
export function normalizeFilter(filter: Filter): Filter {
  if (filter.type !== FilterType.FILTER_PHONE_NUMBER) return filter;
  const pattern = normalizePhonePattern(filter.pattern);
  return pattern === filter.pattern ? filter : { ...filter, pattern };
}

export function unknownType(name: string, nearest: string | undefined): string {
  return `unknown type ${quoteText(name, limits.settingShownCharsMax)}${hintOf(nearest)}`;
}

/** A short description for logs and errors: `sip_user "alice"`. */
export function describeFilter({ type, pattern }: Filter): string {
  return `${filterTypeName(type)} ${quoteText(pattern, limits.settingShownCharsMax)}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controls = /[\u0000-\u001f\u007f-\u009f]/;
/** The same but for tabs and line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controlsOfProse = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

function textFault(text: string, bytesMax: number, forbidden: RegExp): string | undefined {
  if (text.trim() === "") return "is empty";
  const bytes = Buffer.byteLength(text, "utf8");
  if (bytes > bytesMax) return `is ${bytes} bytes long; the most is ${bytesMax}`;
  if (forbidden.test(text)) return "has control characters";
  return text.isWellFormed() ? undefined : "has half a character (a lone surrogate)";
}

function targetsFault(targets: readonly string[]): string | undefined {
  if (targets.length > limits.filterTargetsMax) {
    return `names ${targets.length} hunters; the most is ${limits.filterTargetsMax}`;
  }
  for (const target of targets) {
    const text = textFault(target, limits.hunterIdBytesMax, controls);
    if (text !== undefined) return `hunter ${quoteText(target, 40)} ${text}`;
  }
  return undefined;
}
