/**
 * The gate of a shard authorizes RPCs: who the caller is, and whether it may make this one
 * (docs/wire.md#roles). Every RPC passes it once, at its beginning, before anything is done for
 * it; RPCs that are open are judged again when the rules change.
 */

import { timingSafeEqual } from "node:crypto";
import { peerAddress } from "../base/peer-text.ts";
import { quoteText } from "../base/safe-text.ts";
import type { AccessRules } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import type { Caller } from "../wire/caller.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";
import { CompiledRules } from "./compiled-rules.ts";
import type { FailureTable } from "./failure-table.ts";
import { digestOf, isKeyText } from "./key-ring.ts";
import { roleNeededFor } from "./method-roles.ts";
import { locked, permissionDenied, unauthenticated } from "./refusal.ts";

/** What a caller shows. */
export interface Credentials {
  /** `address:port` of the client. */
  readonly peer: string;
  /** Value of the header `x-api-key`; undefined without it. */
  readonly key: string | undefined;
  /** Of the client; only when it was verified. */
  readonly certificate: PeerCertificate | undefined;
  /** The same object for all RPCs of one connection. */
  readonly connection: object | undefined;
}

export interface RefusedRpc {
  readonly peer: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  /** As far as it is known. */
  readonly caller: Caller;
  readonly refusal: GrpcStatus;
  /** What was wrong, for the operator: the client is not told everything. */
  readonly reason: string;
  /** True for the wrong key that uses up what its address has. */
  readonly locks: boolean;
}

export interface GateOptions {
  readonly rules: AccessRules;
  readonly failures: FailureTable;
  readonly note: (refused: RefusedRpc) => void;
}

/** What the gate may do to an RPC while it is open. */
export interface AuthorizedRpc {
  /** Its caller may not go on. */
  readonly end: (refusal: GrpcStatus) => void;
  /** Hunters may belong to others from now on: true when the RPC asks `refusalOf` again for the
   * one that it carries. RPCs that do not are ended when their own hunters change. */
  readonly reconsider?: () => boolean;
}

/** An RPC that its caller may make. */
export interface Authorization {
  readonly caller: Caller;
  /** Anybody may make this RPC, and who makes it is not known, at a node that asks. */
  readonly isGuest: boolean;
  /** Why the RPC may not carry that hunter; undefined when it may. */
  refusalOf(hunterId: string): GrpcStatus | undefined;
  /** The RPC is over. */
  close(): void;
}

interface Shown {
  readonly path: string;
  readonly certificate: PeerCertificate | undefined;
  readonly digest: Uint8Array | undefined;
}

interface OpenRpc extends Shown, AuthorizedRpc {
  caller: Caller;
}

export class Gate {
  private readonly options: GateOptions;
  private readonly open = new Set<OpenRpc>();
  /** Digest of the key that a connection has shown and that was right. */
  private readonly proven = new WeakMap<object, Uint8Array>();
  private rules: CompiledRules;

  constructor(options: GateOptions) {
    this.options = options;
    this.rules = new CompiledRules(options.rules);
  }

  /** Says who the caller is when it may make the RPC, else why it may not. */
  authorize(
    path: string,
    credentials: Credentials,
    rpc: AuthorizedRpc,
  ): Authorization | GrpcStatus {
    const { peer, key, certificate } = credentials;
    const digest =
      this.rules.asksForKeys && key !== undefined && isKeyText(key) ? digestOf(key) : undefined;
    const shown = { path, certificate, digest };
    const caller = this.judge(credentials, shown);
    if ("code" in caller) return caller;
    const open = { ...shown, ...rpc, caller };
    const authorization: Authorization = {
      caller,
      isGuest: this.rules.isForGuests(path, certificate),
      refusalOf: (hunterId) => {
        if (this.rules.binding.allows(open.caller, hunterId)) return undefined;
        const hunter = quoteText(hunterId, limits.settingShownCharsMax);
        const refusal = permissionDenied(`this client may not act as hunter ${hunter}`);
        return this.refuse(peer, shown, refusal, refusal.message);
      },
      close: () => this.open.delete(open),
    };
    this.open.add(open);
    return authorization;
  }

  /** These hold from here on, for RPCs that are open too: one whose caller may not go on is ended. */
  setRules(rules: AccessRules): void {
    this.rules = new CompiledRules(rules);
    for (const open of [...this.open]) {
      const { path, certificate, digest, caller: before } = open;
      const caller = this.rules.callerOf(path, certificate, digest);
      if (!("code" in caller)) {
        open.caller = caller;
        if (open.reconsider?.() === true || hasSameHunters(caller, before)) continue;
      }
      this.open.delete(open);
      open.end(unauthenticated);
    }
  }

  private judge(credentials: Credentials, shown: Shown): Caller | GrpcStatus {
    const { path, certificate, digest } = shown;
    const withoutKey = this.rules.callerOf(path, certificate, undefined);
    if (!("code" in withoutKey)) return withoutKey;
    const { peer, key, connection } = credentials;
    if (!this.rules.asksForKeys || key === undefined) {
      return this.refuse(peer, shown, withoutKey, this.lack(shown));
    }
    const address = peerAddress(peer);
    const { failures } = this.options;
    // An address that guesses learns nothing more, not even that it is right this time. Who was
    // right on this connection before has nothing to learn.
    if (!this.isProven(connection, digest) && failures.isLocked(address)) {
      const reason = "its address sent too many wrong API keys";
      return this.refuse(peer, { ...shown, digest: undefined }, locked, reason);
    }
    if (digest === undefined || !this.rules.knowsKey(digest)) {
      const count = failures.add(address);
      const isLast = count === limits.accessFailuresMax;
      const refusal = count === 0 ? locked : unauthenticated;
      return this.refuse(peer, shown, refusal, "a wrong API key", isLast);
    }
    if (connection !== undefined) this.proven.set(connection, digest);
    const caller = this.rules.callerOf(path, certificate, digest);
    if (!("code" in caller)) return caller;
    return this.refuse(peer, shown, caller, this.lack(shown));
  }

  private isProven(connection: object | undefined, digest: Uint8Array | undefined): boolean {
    const proven = connection && this.proven.get(connection);
    return proven !== undefined && digest !== undefined && timingSafeEqual(proven, digest);
  }

  /** What a caller lacks that has shown nothing wrong. */
  private lack({ path, certificate, digest }: Shown): string {
    const { roles } = this.rules.nameFor(certificate, digest);
    if (roles.length > 0)
      return `its role is ${roles.join(" and ")}, and the RPC needs ${roleNeededFor(path)}`;
    if (certificate !== undefined) return "no identity matches its certificate";
    return this.rules.asksForKeys ? "no API key" : "no certificate";
  }

  private refuse(
    peer: string,
    shown: Shown,
    refusal: GrpcStatus,
    reason: string,
    locks = false,
  ): GrpcStatus {
    const { path, certificate, digest } = shown;
    const caller = this.rules.nameFor(certificate, digest);
    this.options.note({ peer, path, caller, refusal, reason, locks });
    return refusal;
  }
}

function hasSameHunters(one: Caller, other: Caller): boolean {
  const { hunterIds } = one;
  if (hunterIds.length !== other.hunterIds.length) return false;
  return hunterIds.every((id) => other.hunterIds.includes(id));
}
