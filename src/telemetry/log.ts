/**
 * Telemetry: one line of log and one counter per event, and nothing that can block a thread or
 * be forged by what a client sends.
 */
import { isatty } from "node:tty";
import { type ConsolaInstance, createConsola } from "consola/core";
import { type Clock, systemClock } from "../base/clock.ts";
import type { LogFormat, LogLevel } from "../config/log-config.ts";
import { createLineWriter } from "./line-writer.ts";
import { createFormat, type FormatRecord } from "./log-format.ts";
import { isLogged, type LogFields, type LogRecord } from "./log-record.ts";

/** `event` is a literal in lower case with dashes; `message` is a sentence for a person. */
export type LogCall = (event: string, message: string, fields?: LogFields) => void;

export interface Log {
  readonly debug: LogCall;
  readonly info: LogCall;
  readonly warn: LogCall;
  readonly error: LogCall;
  /** A log that adds `fields` to each line. */
  child(fields: LogFields): Log;
  /** A line that was made elsewhere, by the forwarding log of a worker. */
  writeRecord(record: LogRecord): void;
  /** Wait for what was logged to be written, at most `limits.logFlushMsMax`. */
  flush(): Promise<void>;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go, without newline; stderr through a bounded buffer when not given. */
  readonly write?: (line: string) => void;
  /** Default: stderr is a terminal, NO_COLOR is not set and TERM is not `dumb`. */
  readonly colours?: boolean;
  readonly clock?: Clock;
}

export function createLog(options: LogOptions): Log {
  const clock = options.clock ?? systemClock;
  const format = createFormat(options.format, options.colours ?? wantsColours());
  const output = options.write === undefined ? stderrWriter(format, clock) : undefined;
  const core = createCore(options.level, format, options.write ?? output?.write ?? (() => {}));
  return createLogOver(
    (record) => core[record.level](record.message, record),
    clock,
    async () => output?.flush(),
  );
}

/**
 * The log of a worker thread: each record is handed to `post`, and control gives it to
 * `writeRecord` of its own log. Lines below `level` are not posted.
 */
export function createForwardingLog(
  post: (record: LogRecord) => void,
  level: LogLevel = "info",
  clock: Clock = systemClock,
): Log {
  return createLogOver(
    (record) => {
      if (isLogged(record.level, level)) post(record);
    },
    clock,
    async () => {},
  );
}

function createLogOver(
  writeRecord: (record: LogRecord) => void,
  clock: Clock,
  flush: () => Promise<void>,
  base: LogFields = {},
): Log {
  const callOf =
    (level: LogLevel): LogCall =>
    (event, message, fields) =>
      writeRecord({
        timeMs: clock.wallMs(),
        level,
        event,
        message,
        fields: fields === undefined ? base : { ...base, ...fields },
      });
  return {
    debug: callOf("debug"),
    info: callOf("info"),
    warn: callOf("warn"),
    error: callOf("error"),
    child: (fields) => createLogOver(writeRecord, clock, flush, { ...base, ...fields }),
    writeRecord,
    flush,
  };
}

const consolaLevel: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 3, debug: 4 };

function createCore(
  level: LogLevel,
  format: FormatRecord,
  write: (line: string) => void,
): ConsolaInstance {
  return createConsola({
    level: consolaLevel[level],
    // consola would swallow equal lines within a second; rate-limit.ts counts what it holds back.
    throttle: 0,
    reporters: [{ log: (line) => write(format(line.args[1] as LogRecord)) }],
  });
}

function stderrWriter(format: FormatRecord, clock: Clock): ReturnType<typeof createLineWriter> {
  return createLineWriter({
    fd: 2,
    droppedLine: (count) =>
      format({
        timeMs: clock.wallMs(),
        level: "warn",
        event: "log-lines-dropped",
        message: `${count.toLocaleString("en-US")} log lines dropped: stderr did not take them`,
        fields: { lines: count },
      }),
  });
}

function wantsColours(): boolean {
  const { NO_COLOR: noColour, TERM: terminal } = process.env;
  return isatty(2) && (noColour === undefined || noColour === "") && terminal !== "dumb";
}
