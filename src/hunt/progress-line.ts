/** What a hunt is at, for one line of progress. */
import { counted } from "../base/counted.ts";
export interface Progress {
  /** Share of the input that was read, 0 to 1; undefined when its length is not known. */
  readonly fraction: number | undefined;
  readonly packetsRead: number;
  readonly packetsAcked: number;
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly state: HuntState;
}

export type HuntState =
  | "connecting"
  | "sending"
  | "slow"
  | "paused"
  | "reconnecting"
  | "finishing"
  | "stopping";

const barColumnsMin = 8;
const barColumnsMax = 30;

const colourOf: Readonly<Record<HuntState, string>> = {
  connecting: "\u001b[33m",
  sending: "\u001b[32m",
  slow: "\u001b[33m",
  paused: "\u001b[33m",
  reconnecting: "\u001b[31m",
  finishing: "\u001b[32m",
  stopping: "\u001b[33m",
};
const plain = "\u001b[0m";

/** One line that fits in `columns`, for a terminal. */
export function barLine(progress: Progress, columns: number, colours: boolean): string {
  const percent = progress.fraction === undefined ? "" : `${percentText(progress.fraction)} `;
  const counts = [
    `${shortCount(progress.packetsRead)} packets`,
    `${shortCount(progress.packetsPerSecond)}/s`,
    `${megabytes(progress.bytesPerSecond)} MB/s`,
    `${shortCount(progress.packetsAcked)} acked`,
  ].join("  ");
  // The last column stays free: terminals wrap in it.
  const room = columns - 1;
  const text = `${percent}${counts}  `;
  const bar = barText(progress.fraction, room - text.length - progress.state.length - 3);
  const line = `${bar}${text}`.slice(0, Math.max(0, room - progress.state.length));
  return colours
    ? `${line}${colourOf[progress.state]}${progress.state}${plain}`
    : line + progress.state;
}

/** The same for a log, where nothing is redrawn. */
export function plainLine(progress: Progress): string {
  const percent =
    progress.fraction === undefined ? "" : `${percentText(progress.fraction).trim()}, `;
  const packets = Math.round(progress.packetsPerSecond).toLocaleString("en-US");
  return (
    `${progress.state}: ${percent}${counted(progress.packetsRead, "packet")} read, ` +
    `${progress.packetsAcked.toLocaleString("en-US")} acknowledged, ` +
    `${packets} packets/s, ${megabytes(progress.bytesPerSecond)} MB/s`
  );
}

function barText(fraction: number | undefined, room: number): string {
  if (fraction === undefined || room < barColumnsMin) return "";
  const columns = Math.min(room, barColumnsMax);
  const done = Math.floor(Math.min(Math.max(fraction, 0), 1) * columns);
  return `[${"#".repeat(done)}${".".repeat(columns - done)}] `;
}

function percentText(fraction: number): string {
  return `${String(Math.floor(Math.min(fraction, 1) * 100)).padStart(3)}%`;
}

export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** Three digits and a unit: 950, 12.3k, 1.23M, 45.6G. */
export function shortCount(count: number): string {
  if (count < 999.5) return String(Math.round(count));
  const units = ["k", "M", "G", "T"];
  let value = count;
  let unit = "";
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value.toFixed(digits) + unit;
}
