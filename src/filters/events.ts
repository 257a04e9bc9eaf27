/** What happens to the filters: names of log lines. */
export const filterEvent = {
  loaded: "filters-loaded",
  broken: "filter-file-broken",
  notCopied: "filter-file-not-copied",
  doubtful: "filter-file-doubtful",
  stuck: "filter-hunter-stuck",
} as const;
