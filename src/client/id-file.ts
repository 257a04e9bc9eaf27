/** Reads the ids that `rm filter --file` removes. */
import { checkFilterId } from "../filters/check-filter.ts";
import { BadInput } from "./bad-input.ts";
import type { InputFile } from "./input-file.ts";

/** One id a line; empty lines and those that start with `#` are skipped. Throws `BadInput`. */
export function readIds(file: InputFile): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const [index, line] of file.text.split("\n").entries()) {
    const id = line.trim();
    if (id === "" || id.startsWith("#")) continue;
    const fault = checkFilterId(id);
    if (fault === undefined) ids.add(id);
    else problems.push(`${file.name}:${index + 1}: the id ${fault.text}`);
  }
  if (problems.length > 0) throw new BadInput(problems);
  if (ids.size === 0) throw new BadInput([`${file.name}: it holds no id`]);
  return [...ids];
}
