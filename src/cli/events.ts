/** What a command line does that the log tells. */
export const cliEvent = {
  /** A setting is used, and perhaps not what was meant. */
  doubtful: { name: "cli-settings-doubtful", level: "warn" },
  /** The last word of a command that ends with an error. */
  failed: { name: "cli-command-failed", level: "error" },
} as const;
