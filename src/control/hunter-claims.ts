/** Which caller may speak for which hunter, on the RPCs that control answers. */
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { HunterBinding } from "../access/hunter-binding.ts";
import { quoteText } from "../base/safe-text.ts";
import type { AccessRules } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { callerKey } from "./peer.ts";

export class HunterClaims {
  private binding: HunterBinding;
  /** Of RPCs that stay open on behalf of one hunter. */
  private readonly held = new Set<() => void>();

  constructor(rules: AccessRules) {
    this.binding = new HunterBinding(rules);
  }

  setRules(rules: AccessRules): void {
    this.binding = new HunterBinding(rules);
    for (const check of [...this.held]) check();
  }

  allows(context: HandlerContext, hunterId: string): boolean {
    return this.binding.allows(context.values.get(callerKey), hunterId);
  }

  /** Throws PERMISSION_DENIED when the hunter belongs to somebody else. */
  check(context: HandlerContext, hunterId: string): void {
    if (this.allows(context, hunterId)) return;
    const hunter = quoteText(hunterId, limits.settingShownCharsMax);
    throw new ConnectError(`this client may not act as hunter ${hunter}`, Code.PermissionDenied);
  }

  /**
   * The same now, and again whenever the rules change: then `end` gets the error.
   * @returns to be called when the RPC is over
   */
  hold(context: HandlerContext, hunterId: string, end: (error: ConnectError) => void): () => void {
    this.check(context, hunterId);
    const again = (): void => {
      try {
        this.check(context, hunterId);
      } catch (error) {
        end(ConnectError.from(error));
      }
    };
    this.held.add(again);
    return () => this.held.delete(again);
  }
}
