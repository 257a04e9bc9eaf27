/** What the ceilings of `src/sip-calls` cost. */
export const sipCallsEvent = {
  /** SIP packets came faster than they are looked at. */
  missed: { name: "sip-calls-packets-missed", level: "warn", limited: true },
  evicted: { name: "sip-calls-evicted", level: "warn", limited: true },
  legsEvicted: { name: "sip-calls-legs-evicted", level: "warn", limited: true },
} as const;
