/** Hunter ids that belong to certificates (`security.identities`, hunter_id). */
import type { AccessRules } from "../config/access-config.ts";
import type { Caller } from "../wire/caller.ts";

export class HunterBinding {
  private readonly bound: ReadonlySet<string>;

  constructor(rules: AccessRules) {
    this.bound = new Set(rules.identities.flatMap(({ hunterIds }) => hunterIds));
  }

  /** Whether that caller may speak for that hunter. */
  allows({ hunterIds }: Caller, hunterId: string): boolean {
    if (hunterIds.length > 0) return hunterIds.includes(hunterId);
    return !this.bound.has(hunterId);
  }
}
