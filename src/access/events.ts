/** What happens where RPCs are authorized. */
export const accessEvent = {
  /** An RPC was refused: no key, a wrong one, or the wrong role. */
  refused: { name: "access-refused", level: "warn", limited: true },
  /** An address has shown too many wrong keys. */
  locked: { name: "access-locked", level: "warn", limited: true },
  /** The files were read: at the start, and after a change. */
  loaded: { name: "access-loaded", level: "info" },
  /** A changed file cannot be used: what was in force stays. */
  broken: { name: "access-broken", level: "error" },
  /** A file of keys is open to every user. */
  doubtful: { name: "access-doubtful", level: "warn" },
  /** What is named is no file that could be followed. */
  notFollowed: { name: "access-not-followed", level: "info" },
  /** A change that was asked for and made. One line for each, whatever comes of it. */
  audit: { name: "access-audit", level: "info" },
  /** A change that was asked for and came to nothing. */
  auditFailed: { name: "access-audit", level: "warn" },
  /** A change that somebody asked for who may not. */
  auditRefused: { name: "access-audit", level: "warn", limited: true },
} as const;
