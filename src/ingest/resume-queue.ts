/**
 * Leaky bucket, as a queue: paused hunters wait for their RESUME, and `limits.resumesAtOnce` leave every
 * `limits.resumeIntervalMs`, so that they do not return as one wave.
 */
import { limits } from "../config/limits.ts";
import type { HunterStream } from "./hunter-stream.ts";

export class ResumeQueue {
  private readonly waiting = new Set<HunterStream>();
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private readonly send: (stream: HunterStream) => void;

  constructor(send: (stream: HunterStream) => void) {
    this.send = send;
  }

  add(stream: HunterStream): void {
    this.waiting.add(stream);
    this.timer ??= setTimeout(() => this.next(), 0);
  }

  remove(stream: HunterStream): void {
    this.waiting.delete(stream);
  }

  /** The pressure rose again: whoever was not resumed yet stays paused. */
  clear(): void {
    this.waiting.clear();
  }

  private next(): void {
    this.timer = undefined;
    if (this.waiting.size === 0) return;
    // Also when nobody is left: who comes next waits its turn after these.
    this.timer = setTimeout(() => this.next(), limits.resumeIntervalMs);
    let sent = 0;
    for (const stream of this.waiting) {
      if (sent++ === limits.resumesAtOnce) break;
      this.waiting.delete(stream);
      this.send(stream);
    }
  }
}
