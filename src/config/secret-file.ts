import { statSync } from "node:fs";

/**
 * Words for a file with a secret that more than its owner may use, undefined when there is nothing to
 * say. A group may read what root owns: so a service gets a key that it cannot change.
 */
export function doubtfulMode(path: string): string | undefined {
  const { mode, uid } = statSync(path, { throwIfNoEntry: false }) ?? { mode: 0, uid: 0 };
  const allowed = uid === 0 ? 0o740 : 0o700;
  if ((mode & 0o777 & ~allowed) === 0) return undefined;
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  return `${path} is a secret that others may use (mode ${shown}): chmod 600`;
}
