/** Compares two sets of access rules, so that a file that says the same changes nothing. */
import type { AccessRules } from "../config/access-config.ts";

/** Whether two sets of rules say the same, in the same order. */
export function sameRules(one: AccessRules, other: AccessRules): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ asksForKeys, keys, identities }: AccessRules): string {
  const shownKeys = keys.map(({ digest, role, name }) => {
    return [Buffer.from(digest).toString("hex"), role, name];
  });
  return JSON.stringify([asksForKeys, shownKeys, identities]);
}
