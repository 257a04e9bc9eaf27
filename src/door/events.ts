/** What happens at the door of a shard. */
export const doorEvent = {
  /** A connection was not accepted, or not kept. */
  connectionClosed: { name: "door-connection-closed", level: "warn", limited: true },
  handshakeFailed: { name: "door-handshake-failed", level: "warn", limited: true },
  /** There are too many packet streams. */
  streamRefused: { name: "door-stream-refused", level: "warn", limited: true },
} as const;
