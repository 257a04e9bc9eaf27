import { statSync } from "node:fs";

/** Words for a file with a secret that others may read, undefined when only its owner may. */
export function doubtfulMode(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return undefined;
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  return `${path} is a secret that others may use (mode ${shown}): chmod 600`;
}
