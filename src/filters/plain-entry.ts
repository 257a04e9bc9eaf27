/**
 * Reads the entries that programs write, and most people: one `key: value` a line, values in plain
 * double quotes or of letters and digits. The YAML parser takes 60 us for such an entry, this takes 3;
 * whatever is not of this form, or not in order, is left to the parser.
 */
import { checkFilter, normalizeFilter } from "./check-filter.ts";
import type { Filter } from "./filter.ts";
import { typeNamed } from "./filter-types.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is not plain
const quoted = /"([^"\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]*)"/.source;
const bare = /(?!null\b|Null\b|NULL\b)([A-Za-z0-9_+][A-Za-z0-9_.@+-]*)/.source;
const key = /(id|type|pattern|enabled|description|target_hunters): /.source;
const list = `\\[((?:${unnamed(quoted)}(?:, ${unnamed(quoted)})*)?)\\]`;
const line = new RegExp(`( *)(- )?${key}(?:${quoted}|${bare}|${list})\\r?\\n`, "y");
const eachQuoted = new RegExp(quoted, "g");

function unnamed(source: string): string {
  return source.replace("(", "(?:");
}

/** @param text an entry of a block list, whose dash stands `indent` columns from the left */
export function readPlainEntry(text: string, indent: number): Filter | undefined {
  const values = new Map<string, string>();
  let targetHunters: readonly string[] | undefined;
  line.lastIndex = 0;
  while (line.lastIndex < text.length) {
    const first = line.lastIndex === 0;
    const found = line.exec(text);
    if (found === null) return undefined;
    const [, margin = "", dash, name = "", inQuotes, plain, items] = found;
    if (margin.length !== (first ? indent : indent + 2) || (dash !== undefined) !== first) {
      return undefined;
    }
    if (values.has(name) || (name === "target_hunters") !== (items !== undefined)) return undefined;
    values.set(name, inQuotes ?? plain ?? "");
    if (items === undefined) continue;
    targetHunters = Array.from(items.matchAll(eachQuoted), ([, target = ""]) => target);
  }
  const enabled = values.get("enabled") ?? "false";
  const type = typeNamed(values.get("type") ?? "");
  if (type === undefined || (enabled !== "true" && enabled !== "false")) return undefined;
  const filter = normalizeFilter({
    id: values.get("id") ?? "",
    type,
    pattern: values.get("pattern") ?? "",
    targetHunters: targetHunters ?? [],
    enabled: enabled === "true",
    description: values.get("description") ?? "",
  });
  return checkFilter(filter) === undefined ? filter : undefined;
}
