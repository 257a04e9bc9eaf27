/** What happens at the door: names of log lines. */
export const accessEvent = {
  /** A call was refused: no key, a wrong one, or the wrong role. */
  refused: "access-refused",
  /** An address has shown too many wrong keys. */
  locked: "access-locked",
  /** The files were read: at the start, and after a change. */
  loaded: "access-loaded",
  /** A changed file cannot be used: what was in force stays. */
  broken: "access-broken",
  doubtful: "access-doubtful",
  /** One line for each management call, whatever comes of it. */
  audit: "audit",
} as const;
