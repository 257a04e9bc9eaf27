/** What a room's `events.ts` holds of each event, and the events of this room. */
import type { LogLevel } from "../config/log-config.ts";

/** Something that happens: one log line and one counter, both made by `Events.tell`. */
export interface RoomEvent {
  /** `<room>-<what>`, in lower case with hyphens. Log line and counter have it. */
  readonly name: string;
  readonly level: LogLevel;
  /**
   * Peers, or the traffic, decide how often it happens: then at most `limits.logLinesPerWindowMax`
   * lines are written within `limits.logWindowMs`, and one says how many were held back.
   */
  readonly limited?: true;
}

export const telemetryEvent = {
  /** Whatever reads the log does not keep up. */
  linesDropped: { name: "telemetry-lines-dropped", level: "warn" },
} as const;
