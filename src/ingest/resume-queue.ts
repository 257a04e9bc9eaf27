/** Paused hunters that wait for their RESUME: a few at a time, so that they do not return as one wave. */
import { limits } from "../config/limits.ts";
import type { HunterStream } from "./hunter-stream.ts";

export class ResumeQueue {
  private waiting = new Set<HunterStream>();
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private readonly send: (stream: HunterStream) => void;

  constructor(send: (stream: HunterStream) => void) {
    this.send = send;
  }

  add(stream: HunterStream): void {
    this.waiting.add(stream);
    if (this.timer === undefined) this.next();
  }

  remove(stream: HunterStream): void {
    this.waiting.delete(stream);
  }

  /** The pressure rose again: whoever was not resumed yet stays paused. */
  clear(): void {
    this.waiting.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private next(): void {
    this.timer = undefined;
    let sent = 0;
    for (const stream of this.waiting) {
      if (sent++ === limits.resumesAtOnce) break;
      this.waiting.delete(stream);
      this.send(stream);
    }
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.next(), limits.resumeIntervalMs);
  }
}
