/** Who makes an RPC, as the shard tells control. */
import type { Role } from "../config/access-config.ts";

/** Who makes an RPC, as the shard found out at its beginning. Plain data: it crosses threads. */
export interface Caller {
  /** How it was recognised; `nothing` where nobody is asked who they are. */
  readonly by: "key" | "certificate" | "nothing";
  /** The description of the key, or the name in the certificate; "" when there is none. */
  readonly name: string;
  /** Empty where roles are not asked for. */
  readonly roles: readonly Role[];
  /** The only hunter ids that it may use; empty = any that belong to no other certificate. */
  readonly hunterIds: readonly string[];
}

/** A caller of a node that asks nobody who they are. */
export const anyone: Caller = { by: "nothing", name: "", roles: [], hunterIds: [] };
