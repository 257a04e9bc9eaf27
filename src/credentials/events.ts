/** What happens to the node's certificate and key. */
export const credentialsEvent = {
  /** The files were read: at the start, and after a change. */
  loaded: { name: "credentials-loaded", level: "info" },
  /** The files cannot be used: what was in use stays. */
  broken: { name: "credentials-broken", level: "error" },
  /** They are used, and clients may not like them. */
  doubtful: { name: "credentials-doubtful", level: "warn" },
  /** A certificate ends soon. */
  expiring: { name: "credentials-expiring", level: "warn" },
  expired: { name: "credentials-expired", level: "error" },
} as const;
