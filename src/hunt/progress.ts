/** Shows how a hunt goes: a bar on a terminal, lines in the log. */
import type { Clock } from "../base/clock.ts";
import type { Events } from "../telemetry/events.ts";
import { huntEvent } from "./events.ts";
import { barLine, type Progress, plainLine } from "./progress-line.ts";

/** What the hunt has counted so far; rates are made here. */
export type ProgressSource = () => Omit<Progress, "packetsPerSecond" | "bytesPerSecond"> & {
  readonly dataBytesRead: number;
};

/** Shows how a hunt goes, until it is stopped. */
export interface ProgressView {
  start(source: ProgressSource): void;
  stop(): void;
}

export const noProgress: ProgressView = { start: () => {}, stop: () => {} };

/** Where a bar is drawn. */
export interface Terminal {
  readonly columns: number;
  /** Bytes written and not yet taken. */
  readonly writableLength: number;
  write(text: string): unknown;
}

const redrawMs = 200;
const clearLine = "\r\u001b[K";
const defaultColumns = 80;

/**
 * One line on a terminal, drawn again and again. Log lines have to come through `writeLine`, which
 * puts them above it.
 */
export class ProgressBar implements ProgressView {
  private readonly terminal: Terminal;
  private readonly colours: boolean;
  private readonly clock: Pick<Clock, "monotonicMs">;
  private rates: RateSampler | undefined;
  private timer: NodeJS.Timeout | undefined;
  private line = "";

  constructor(terminal: Terminal, colours: boolean, clock: Pick<Clock, "monotonicMs">) {
    this.terminal = terminal;
    this.colours = colours;
    this.clock = clock;
  }

  start(source: ProgressSource): void {
    this.rates = new RateSampler(source, this.clock);
    this.draw();
    this.timer = setInterval(() => this.draw(), redrawMs);
    this.timer.unref();
  }

  writeLine(line: string): void {
    this.terminal.write(`${this.line === "" ? "" : clearLine}${line}\n${this.line}`);
  }

  stop(): void {
    clearInterval(this.timer);
    this.rates = undefined;
    if (this.line !== "") this.terminal.write(clearLine);
    this.line = "";
  }

  private draw(): void {
    // A terminal that does not keep up, or was stopped with ^S, gets no more of it.
    if (this.rates === undefined || this.terminal.writableLength > 0) return;
    const columns = this.terminal.columns || defaultColumns;
    this.line = barLine(this.rates.sample(), columns, this.colours);
    this.terminal.write(`${clearLine}${this.line}`);
  }
}

/** One log line at the interval. */
export class ProgressLog implements ProgressView {
  private readonly events: Events;
  private readonly clock: Pick<Clock, "monotonicMs">;
  private readonly intervalMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(events: Events, clock: Pick<Clock, "monotonicMs">, intervalMs: number) {
    this.events = events;
    this.clock = clock;
    this.intervalMs = intervalMs;
  }

  start(source: ProgressSource): void {
    const rates = new RateSampler(source, this.clock);
    this.timer = setInterval(() => {
      this.events.tell(huntEvent.progress, plainLine(rates.sample()));
    }, this.intervalMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** What happened this long ago counts half. */
const rateHalfLifeMs = 1000;

/** Makes rates out of totals, smoothed so that a redrawn line can be read. */
class RateSampler {
  private readonly source: ProgressSource;
  private readonly clock: Pick<Clock, "monotonicMs">;
  private atMs: number;
  private packets = 0;
  private bytes = 0;
  // What was counted and the time it took, both fading.
  private recentPackets = 0;
  private recentBytes = 0;
  private recentMs = 0;

  constructor(source: ProgressSource, clock: Pick<Clock, "monotonicMs">) {
    this.source = source;
    this.clock = clock;
    this.atMs = clock.monotonicMs();
  }

  sample(): Progress {
    const now = this.source();
    const nowMs = this.clock.monotonicMs();
    const elapsedMs = nowMs - this.atMs;
    const kept = 0.5 ** (elapsedMs / rateHalfLifeMs);
    this.recentPackets = this.recentPackets * kept + now.packetsRead - this.packets;
    this.recentBytes = this.recentBytes * kept + now.dataBytesRead - this.bytes;
    this.recentMs = this.recentMs * kept + elapsedMs;
    this.atMs = nowMs;
    this.packets = now.packetsRead;
    this.bytes = now.dataBytesRead;
    const seconds = Math.max(this.recentMs, 1) / 1000;
    const packetsPerSecond = this.recentPackets / seconds;
    return { ...now, packetsPerSecond, bytesPerSecond: this.recentBytes / seconds };
  }
}
