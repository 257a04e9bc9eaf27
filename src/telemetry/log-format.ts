/** Formats log records as text or JSON. */
import { cutText, escapeUnsafe, quoteText, safeText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { LogFormat, LogLevel } from "../config/log-config.ts";
import type { LogFields, LogRecord, LogValue } from "./log-record.ts";

export type FormatRecord = (record: LogRecord) => string;

/** A formatter that gives one line without its newline. Colours are for the text format only. */
export function createFormat(format: LogFormat, colours: boolean): FormatRecord {
  if (format === "json") return formatJson;
  return (record) => formatText(record, colours);
}

/** One JSON object: time (UTC), level, event, message and the fields beside them. */
function formatJson(record: LogRecord): string {
  const head = {
    time: new Date(record.timeMs).toISOString(),
    level: record.level,
    event: record.event,
    message: cutText(record.message, limits.logMessageCharsMax),
  };
  const fields: Record<string, LogValue> = {};
  for (const [name, value] of Object.entries(record.fields)) fields[name] = jsonValue(value);
  // The head stands first and also wins over a field of the same name.
  return escapeUnsafe(JSON.stringify({ ...head, ...fields, ...head }));
}

function jsonValue(value: LogValue): LogValue {
  if (typeof value === "string") return cutText(value, limits.logValueCharsMax);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

const colourOf: Readonly<Record<LogLevel, string>> = {
  debug: "\u001b[90m",
  info: "\u001b[36m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};
const faint = "\u001b[2m";
const plain = "\u001b[0m";

/** `HH:MM:SS level message key=value`, local time. */
function formatText(record: LogRecord, colours: boolean): string {
  const time = localTime(record.timeMs);
  const level = record.level.padEnd(5);
  const message = safeText(record.message, limits.logMessageCharsMax);
  const fields = textFields(record.fields);
  if (!colours) return `${time} ${level} ${message}${fields}`;
  const tail = fields === "" ? "" : `${faint}${fields}${plain}`;
  return `${faint}${time}${plain} ${colourOf[record.level]}${level}${plain} ${message}${tail}`;
}

function localTime(timeMs: number): string {
  const date = new Date(timeMs);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function textFields(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${textValue(value)}`;
  }
  return text;
}

/** Values that a reader could take for more than one are put in quotes. */
function textValue(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const cut = cutText(value, limits.logValueCharsMax);
  if (/^[^\s"'=\\]+$/.test(cut)) return escapeUnsafe(cut);
  return quoteText(value, limits.logValueCharsMax);
}
