/** A log record, and which levels are logged. */
import type { LogLevel } from "../config/log-config.ts";

export type LogValue = string | number | boolean | undefined;
export type LogFields = Readonly<Record<string, LogValue>>;

/** One log line before it is text. Plain data: workers post it to control. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** A literal of the source, in lower case with dashes. */
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}
