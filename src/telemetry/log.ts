/**
 * The log of a thread: records go through a consola instance to our reporter, which writes lines
 * in control and posts records in workers. Nothing here can block a thread or be forged by what a
 * client sends.
 */
import { isatty } from "node:tty";
import {
  type ConsolaInstance,
  createConsola,
  type InputLogObject,
  type LogObject,
} from "consola/core";
import { type Clock, systemClock } from "../base/clock.ts";
import type { LogFormat, LogLevel } from "../config/log-config.ts";
import { createLineWriter, type LineWriter } from "./line-writer.ts";
import { createFormat, type FormatRecord } from "./log-format.ts";
import type { LogFields, LogRecord } from "./log-record.ts";
import { telemetryEvent } from "./room-events.ts";

/** `event` is the name of a room's event (its `events.ts`); `message` is a sentence for a person. */
export type LogCall = (event: string, message: string, fields?: LogFields) => void;

export interface Log {
  readonly debug: LogCall;
  readonly info: LogCall;
  readonly warn: LogCall;
  readonly error: LogCall;
  /** A record that was made elsewhere, by the forwarding log of a worker. */
  writeRecord(record: LogRecord): void;
  /** Lines that were dropped because stderr did not take them. */
  droppedLines(): number;
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
  const write = options.write ?? output?.write ?? (() => {});
  const logger = createLogger(options.level, (record) => write(format(record)));
  return createLogOver(logger, clock, output);
}

/**
 * The log of a worker thread: each record is handed to `post`, and control gives it to
 * `writeRecord` of its own log. Records below `level` are not posted.
 */
export function createForwardingLog(
  post: (record: LogRecord) => void,
  level: LogLevel = "info",
  clock: Clock = systemClock,
): Log {
  return createLogOver(createLogger(level, post), clock);
}

const consolaLevel: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 3, debug: 4 };

/**
 * The consola instance of a thread: it leaves out what is below `level` and gives the rest to our
 * reporter alone. `consola/core` reads nothing of the environment and touches no stream.
 */
function createLogger(level: LogLevel, report: (record: LogRecord) => void): ConsolaInstance {
  return createConsola({
    level: consolaLevel[level],
    // consola would swallow equal lines; rate-limit.ts counts what it holds back. With 0 it would
    // still swallow those after a step of the clock backwards.
    throttle: Number.NEGATIVE_INFINITY,
    reporters: [{ log: (entry) => report(recordOf(entry)) }],
  });
}

function createLogOver(logger: ConsolaInstance, clock: Clock, output?: LineWriter): Log {
  const writeRecord = ({ timeMs, level, event, message, fields }: LogRecord): void => {
    // As `args`, since consola takes an empty `message` for none.
    const entry: LogEntry = { date: new Date(timeMs), args: [message], event, fields };
    logger[level](entry);
  };
  const callOf =
    (level: LogLevel): LogCall =>
    (event, message, fields = {}) =>
      writeRecord({ timeMs: clock.wallMs(), level, event, message, fields });
  return {
    debug: callOf("debug"),
    info: callOf("info"),
    warn: callOf("warn"),
    error: callOf("error"),
    writeRecord,
    droppedLines: () => output?.droppedLines() ?? 0,
    flush: async () => output?.flush(),
  };
}

/** What we give to consola; it hands all of it to the reporter. */
interface LogEntry extends InputLogObject {
  readonly event: string;
  readonly fields: LogFields;
}

function recordOf({ date, type, args, ...entry }: LogObject): LogRecord {
  const { event, fields } = entry as unknown as LogEntry;
  const level = type as LogLevel;
  return { timeMs: date.getTime(), level, event, message: String(args[0]), fields };
}

function stderrWriter(format: FormatRecord, clock: Clock): LineWriter {
  return createLineWriter({
    fd: 2,
    droppedLine: (count) =>
      format({
        timeMs: clock.wallMs(),
        level: telemetryEvent.linesDropped.level,
        event: telemetryEvent.linesDropped.name,
        message: `${count.toLocaleString("en-US")} log lines dropped: stderr did not take them`,
        fields: { lines: count },
      }),
  });
}

function wantsColours(): boolean {
  const { NO_COLOR: noColour, TERM: terminal } = process.env;
  return isatty(2) && (noColour === undefined || noColour === "") && terminal !== "dumb";
}
