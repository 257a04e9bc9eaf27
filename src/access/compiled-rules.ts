/** The access rules in force, ready to be asked about a key or certificate. */

import type { AccessRules } from "../config/access-config.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import type { Caller } from "../wire/caller.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";
import { HunterBinding } from "./hunter-binding.ts";
import { IdentityList, nameOf } from "./identity-list.ts";
import { KeyRing } from "./key-ring.ts";
import { roleNeededFor, satisfies } from "./method-roles.ts";
import { permissionDenied, unauthenticated } from "./refusal.ts";

/** The rules in force, ready to be asked. */
export class CompiledRules {
  readonly binding: HunterBinding;
  readonly asksForKeys: boolean;
  private readonly keys: KeyRing;
  private readonly identities: IdentityList;
  private readonly asks: boolean;

  constructor(rules: AccessRules) {
    this.binding = new HunterBinding(rules);
    this.asksForKeys = rules.asksForKeys;
    this.keys = new KeyRing(rules.keys);
    this.identities = new IdentityList(rules.identities);
    this.asks = rules.asksForKeys || rules.identities.length > 0;
  }

  knowsKey(digest: Uint8Array): boolean {
    return this.keys.find(digest) !== undefined;
  }

  /**
   * Who makes the RPC at `path`, when that one may make it. A certificate is asked first; a caller
   * with both is bound to the hunters of its certificate.
   * @param digest of the key that was shown
   */
  callerOf(
    path: string,
    certificate: PeerCertificate | undefined,
    digest: Uint8Array | undefined,
  ): Caller | GrpcStatus {
    const needed = roleNeededFor(path);
    if (needed === "anyone" || !this.asks) return unasked(certificate);
    const identity = certificate && this.identities.find(certificate);
    if (identity !== undefined && satisfies(identity.roles, needed)) return identity;
    const key = this.asksForKeys && digest !== undefined ? this.keys.find(digest) : undefined;
    if (key !== undefined && satisfies([key.role], needed)) {
      const { name, role } = key;
      return { by: "key", name, roles: [role], hunterIds: identity?.hunterIds ?? [] };
    }
    if (identity === undefined || digest !== undefined) return unauthenticated;
    const held = identity.roles.join(" and ");
    return permissionDenied(`your certificate has the role ${held}; this RPC needs ${needed}`);
  }

  /** Whether the RPC may be made without any word about who makes it, at a node that asks for one. */
  isForGuests(path: string, certificate: PeerCertificate | undefined): boolean {
    if (!this.asks || roleNeededFor(path) !== "anyone") return false;
    return certificate === undefined || this.identities.find(certificate) === undefined;
  }

  /** What logs say of a caller whose RPC was refused. */
  nameFor(certificate: PeerCertificate | undefined, digest: Uint8Array | undefined): Caller {
    const identity = certificate && this.identities.find(certificate);
    const key = digest && this.keys.find(digest);
    if (key === undefined) return identity ?? unasked(certificate);
    return { by: "key", name: key.name, roles: [key.role], hunterIds: [] };
  }
}

/** Where nobody is asked, a certificate still tells who it is. */
function unasked(certificate: PeerCertificate | undefined): Caller {
  const name = certificate === undefined ? "" : nameOf(certificate);
  const by = certificate === undefined ? "nothing" : "certificate";
  return { by, name, roles: [], hunterIds: [] };
}
