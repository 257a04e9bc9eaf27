/**
 * Who may call the node, as the configuration says it (docs/wire.md#roles). Plain data without
 * secrets: it is posted to the shards.
 */

export const roles = ["hunter", "subscriber", "admin"] as const;
/** What a caller may do: src/access/method-roles.ts says which call needs which. */
export type Role = (typeof roles)[number];

export interface KeyRule {
  /** SHA-256 of the key. */
  readonly digest: Uint8Array;
  readonly role: Role;
  /** How logs name whoever has the key. */
  readonly name: string;
}

/** A property of a client's certificate; see `PeerCertificate` of src/wire/peer-certificate.ts. */
export interface CertificateMatch {
  readonly by: "commonName" | "dns" | "fingerprint";
  readonly value: string;
}

export interface IdentityRule {
  readonly match: CertificateMatch;
  readonly role: Role;
  /** The hunter ids that belong to certificates of this rule, and which are all that they may use;
   * empty = any that belong to no other. */
  readonly hunterIds: readonly string[];
}

export interface AccessRules {
  /** API keys are asked for; `keys` is not empty. */
  readonly asksForKeys: boolean;
  readonly keys: readonly KeyRule[];
  readonly identities: readonly IdentityRule[];
}

export interface AccessConfig {
  /** What the files said when the configuration was read. */
  readonly rules: AccessRules;
  /** Where keys and identities are listed; "" without a configuration file. */
  readonly configFile: string;
  /** Where more keys are listed; "" for nowhere. */
  readonly keysFile: string;
  /** --api-key-auth or security.api_keys.enabled */
  readonly asksForKeys: boolean;
  /** Certificates of clients are asked for and verified. */
  readonly verifiesClients: boolean;
}
