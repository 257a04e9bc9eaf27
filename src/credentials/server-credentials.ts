/** The certificate, key and CAs that a node serves TLS with. */
import type { TlsVersion } from "../config/tls-config.ts";

/**
 * What a node serves TLS with: judged, and plain data, so that it can be posted to the shards. It
 * holds the private key and is never logged.
 */
export interface ServerCredentials {
  /** PEM: the node's certificate first, then those between it and its authority. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** PEM: the authorities that clients' certificates come from; "" verifies none. */
  readonly authorities: string;
  /** Refuse clients without a certificate of these authorities. */
  readonly clientAuth: boolean;
  readonly minVersion: TlsVersion;
}
