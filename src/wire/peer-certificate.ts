/**
 * What the certificate of a client says that was verified against the node's authorities. A client
 * without one, or with one that was not verified, has none of this. Plain data: it crosses threads.
 */
export interface PeerCertificate {
  /** CN of the subject; "" when it has none, or several. */
  readonly commonName: string;
  /** subjectAltName (RFC 5280 section 4.2.1.6) as `DNS:node.example`, `IP Address:10.0.0.1`, `URI:…`. */
  readonly names: readonly string[];
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
}
