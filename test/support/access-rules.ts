/** Rules of who may call, for tests. */
import { digestOf } from "../../src/access/key-ring.ts";
import type { AccessRules, Role } from "../../src/config/access-config.ts";

/** Nobody is asked who they are. */
export const noRules: AccessRules = { asksForKeys: false, keys: [], identities: [] };

/** A key of a role, long enough, and not a secret. */
export function keyOfRole(role: Role): string {
  return `test-key-of-the-${role}-role`;
}

/** One key for each of these roles. */
export function rulesWithKeys(...roles: readonly Role[]): AccessRules {
  const keys = roles.map((role) => ({
    digest: digestOf(keyOfRole(role)),
    role,
    name: `the ${role}`,
  }));
  return { asksForKeys: true, keys, identities: [] };
}
