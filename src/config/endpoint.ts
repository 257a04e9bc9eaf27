/** Where a node listens or dials. `host` is a name, an IPv4 or an IPv6 address without brackets. */
export interface Endpoint {
  readonly host: string;
  /** 0 to 65535; when listening, 0 asks the system for a free port. */
  readonly port: number;
}
