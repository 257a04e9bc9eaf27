/** Warns of a file with a secret that others may use. */
import type { FileBytes } from "../base/bounded-file.ts";

/**
 * Words that follow the name of a file with a secret which more than its owner may use; "" when there is
 * nothing to say. A group may read what root owns: so a service gets a key that it cannot change.
 */
export function exposureOf({ mode, uid }: Pick<FileBytes, "mode" | "uid">): string {
  const allowed = uid === 0 ? 0o740 : 0o700;
  if ((mode & 0o777 & ~allowed) === 0) return "";
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  return `other users can read this secret (mode ${shown}); run chmod 600 on the file`;
}
