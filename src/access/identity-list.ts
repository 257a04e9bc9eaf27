/** Which identities of the configuration a client's certificate has. */
import type { CertificateMatch, IdentityRule } from "../config/access-config.ts";
import type { Caller } from "../wire/caller.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";

export class IdentityList {
  private readonly rules: readonly IdentityRule[];
  /** A connection's certificate is asked about at each of its RPCs. */
  private readonly known = new WeakMap<PeerCertificate, Caller | "nobody">();

  constructor(rules: readonly IdentityRule[]) {
    this.rules = rules;
  }

  /** The holder of a verified certificate, with what all rules that fit it give; else undefined. */
  find(certificate: PeerCertificate): Caller | undefined {
    let caller = this.known.get(certificate);
    if (caller === undefined) {
      caller = this.look(certificate) ?? "nobody";
      this.known.set(certificate, caller);
    }
    return caller === "nobody" ? undefined : caller;
  }

  private look(certificate: PeerCertificate): Caller | undefined {
    // Names of hosts have no case (RFC 4343).
    const names = new Set(certificate.names.map((name) => name.toLowerCase()));
    const found = this.rules.filter(({ match }) => fits(match, certificate, names));
    if (found.length === 0) return undefined;
    return {
      by: "certificate",
      name: nameOf(certificate),
      roles: [...new Set(found.map(({ role }) => role))],
      hunterIds: [...new Set(found.flatMap(({ hunterIds }) => hunterIds))],
    };
  }
}

function fits(
  { by, value }: CertificateMatch,
  { commonName, fingerprint }: PeerCertificate,
  names: ReadonlySet<string>,
): boolean {
  switch (by) {
    case "commonName":
      return commonName === value;
    case "fingerprint":
      return fingerprint === value;
    case "dns":
      return names.has(`dns:${value}`);
  }
}

/** How logs name the holder of a certificate. */
export function nameOf({ commonName, names, fingerprint }: PeerCertificate): string {
  return commonName || names[0] || fingerprint;
}
