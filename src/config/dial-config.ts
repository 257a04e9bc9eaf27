/** How a client of a node travels and who it says it is. Plain data, checked; the files are not. */
export interface DialConfig {
  /** Undefined sends everything unencrypted. */
  readonly tls: DialTls | undefined;
  /** File with the API key that every call brings; "" brings none. */
  readonly apiKeyFile: string;
}

/** Paths of PEM files, "" for none. */
export interface DialTls {
  /** Authorities that the node's certificate may come from; "" takes those that are built in. */
  readonly caFile: string;
  /** The client's own certificate, and its key; both or none. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Takes any certificate of the node. */
  readonly skipVerify: boolean;
}
