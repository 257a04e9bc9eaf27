/** TLS versions that a node may begin with, as users write them. */
export const tlsVersions = ["1.2", "1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** What a node is told about TLS. Plain data, checked; what is in the files is not. */
export interface TlsConfig {
  /** PEM: the node's certificate first, then those between it and its authority. */
  readonly certFile: string;
  /** PEM. */
  readonly keyFile: string;
  /** PEM: authorities that clients' certificates come from; "" when none is asked for. */
  readonly caFile: string;
  /** Refuse clients without a certificate of these authorities. */
  readonly clientAuth: boolean;
  readonly minVersion: TlsVersion;
}
