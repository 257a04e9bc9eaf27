/** What happens to the recording and its files. */
export const recordEvent = {
  /** The disk takes nothing: it is tried again and again. */
  stalled: { name: "record-stalled", level: "error" },
  resumed: { name: "record-resumed", level: "info" },
  fileOpened: { name: "record-file-opened", level: "debug" },
  fileContinued: { name: "record-file-continued", level: "info" },
  /** The end of a file was no whole record, and was cut off. */
  tornTailCut: { name: "record-torn-tail-cut", level: "warn" },
  fileNotRepaired: { name: "record-file-not-repaired", level: "warn" },
  /** A file cannot be continued: it has another name now. */
  fileSetAside: { name: "record-file-set-aside", level: "warn" },
  /** Packets go to a numbered file, since the one at the path cannot be had. */
  fileDetour: { name: "record-file-detour", level: "warn" },
  /** A file cannot be trusted any more: recording goes on in a new one. */
  fileGivenUp: { name: "record-file-given-up", level: "error" },
  /** The files that are open, because somebody asked. */
  files: { name: "record-files", level: "info" },
  /** The same, after what they hold is on the disk. */
  synced: { name: "record-synced", level: "info" },
  notSynced: { name: "record-not-synced", level: "warn" },
  fileDeleted: { name: "record-file-deleted", level: "debug" },
  fileNotDeleted: { name: "record-file-not-deleted", level: "warn" },
} as const;
