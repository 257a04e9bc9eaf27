import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { isWireName } from "../config/value-kinds.ts";
import { filterTypeName, filterTypeNames, filterTypeOf } from "../wire/filter-type.ts";
import { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";

/** `protocol version destination ciphers extensions ALPN _ hash _ hash`, as the JA4 project has it. */
const ja4 = /^[tqd][0-9a-z]{2}[di]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/i;
const md5: readonly [RegExp, string] = [/^[0-9a-f]{32}$/i, "32 hexadecimal digits"];

/** What a pattern of a type must look like (contract.md section 3.3); nodes may demand more. */
const shapes: Readonly<Partial<Record<FilterType, readonly [shape: RegExp, wanted: string]>>> = {
  [FilterType.FILTER_TLS_JA3]: md5,
  [FilterType.FILTER_TLS_JA3S]: md5,
  [FilterType.FILTER_TLS_JA4]: [ja4, "a JA4 such as t13d1516h2_8daaf6152771_e5627efa2ab1"],
  [FilterType.FILTER_IP_ADDRESS]: [/[.:]/, "an IP address or a network such as 10.0.0.0/8"],
  [FilterType.FILTER_PHONE_NUMBER]: [/[\d*]/, "a number or a part of one such as *456"],
};

/** What is wrong with the pattern of a filter, as words that follow its place. */
export function checkPattern(type: FilterType, pattern: string): string | undefined {
  if (pattern === "") return "is empty: a filter needs a pattern";
  const [shape, wanted] = shapes[type] ?? [];
  if (shape === undefined || shape.test(pattern)) return undefined;
  return `${show(pattern)} is not ${wanted}, which the type ${filterTypeName(type)} needs`;
}

/** What is wrong with the name of a type. */
export function checkType(text: string): string | undefined {
  if (filterTypeOf(text) !== undefined) return undefined;
  const nearest = nearestName(text.toLowerCase(), filterTypeNames);
  const hint =
    nearest === undefined ? `; types are: ${filterTypeNames.join(", ")}` : hintOf(nearest);
  return `unknown type ${show(text)}${hint}`;
}

/** What is wrong with the id of a filter or hunter. */
export function checkId(id: string): string | undefined {
  if (isWireName(id)) return undefined;
  const bytesMax = limits.hunterIdBytesMax.toLocaleString("en-US");
  return `${show(id)} is not an id of 1 to ${bytesMax} bytes without control characters`;
}

function show(text: string): string {
  return quoteText(text, limits.settingShownCharsMax);
}
