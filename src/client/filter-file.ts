/** Reads the filters that `set filter --file` sends. */
import { Document } from "yaml";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Filter } from "../filters/filter.ts";
import { readEntry } from "../filters/read-entry.ts";
import { readFilters as readYaml } from "../filters/read-filters.ts";
import { BadInput } from "./bad-input.ts";
import type { InputFile } from "./input-file.ts";

/**
 * The filters of a file: a filter file as nodes have it (docs/wire.md#filter-file), or the JSON that
 * `list filters` or `show filter` prints. In both, `enabled` that is absent is false, and each filter
 * has an id: without one, every run would make another. Throws `BadInput` with all that is wrong.
 */
export async function readFilters(file: InputFile): Promise<readonly Filter[]> {
  const entries = jsonEntries(file.text);
  const filters = entries === undefined ? await yamlFilters(file) : jsonFilters(file, entries);
  if (filters.length === 0) throw new BadInput([`${file.name}: it holds no filter`]);
  return filters;
}

async function yamlFilters({ name, text }: InputFile): Promise<Filter[]> {
  const read = await readYaml(text);
  const remarks = [...read.problems, ...read.warnings];
  if (remarks.length > 0 || read.text === undefined) {
    throw new BadInput(remarks.map(({ line, text }) => `${name}:${line}: ${text}`));
  }
  return [...read.text.values()];
}

/** Undefined when the text is no JSON: it may be YAML that begins like it. */
function jsonEntries(text: string): readonly unknown[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) return value;
  const list = (value as { filters?: unknown }).filters;
  return Array.isArray(list) ? list : [value];
}

function jsonFilters({ name }: InputFile, entries: readonly unknown[]): Filter[] {
  const problems: string[] = [];
  const filters: Filter[] = [];
  const ids = new Set<string>();
  const document = new Document();
  for (const [index, entry] of entries.entries()) {
    const report = (_: unknown, text: string) => {
      problems.push(`${name}: entry ${index + 1}: ${text}`);
    };
    const filter = readEntry(document.createNode(entry), report);
    if (filter === undefined) continue;
    if (ids.has(filter.id)) {
      const shown = quoteText(filter.id, limits.settingShownCharsMax);
      report(entry, `id ${shown} is already used by an earlier entry`);
    }
    ids.add(filter.id);
    filters.push(filter);
  }
  if (problems.length > 0) throw new BadInput(problems);
  return filters;
}
