/** What happens to the filters. */
export const filterEvent = {
  /** The file was read: at the start, and after a change. */
  loaded: { name: "filters-loaded", level: "info" },
  /** The file cannot be used: what was in force stays. */
  broken: { name: "filters-broken", level: "error" },
  /** The copy of the last good filters could not be written. */
  notCopied: { name: "filters-not-copied", level: "warn" },
  /** An entry of the file is used, and perhaps not what was meant. */
  doubtful: { name: "filters-doubtful", level: "warn" },
  /** A hunter does not take its filters, and is cut off. */
  stuck: { name: "filters-hunter-stuck", level: "warn" },
} as const;
