/** Flow-control window, in bytes: large answers on their way to one shard. */
import { limits } from "../config/limits.ts";

/**
 * Calls wait for it first in, first out. While there are many, further RPCs wait with their work: a
 * thousand RPCs at once would otherwise have a thousand answers made before the shard looks at the
 * first.
 */
export class AnswerWindow {
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];

  /** Resolves when an RPC may begin to make its answer, in the order of asking. */
  async turn(): Promise<void> {
    if (this.waiting.length === 0 && this.isOpen()) return;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    // Most answers are ready, and counted, before this: then the next one sees them.
    setImmediate(() => this.wake());
  }

  sent(bytes: number): void {
    if (bytes >= limits.answerCountedBytesMin) this.underWay += bytes;
  }

  /** The shard says so of each answer that is counted. */
  taken(bytes: number): void {
    this.underWay -= bytes;
    this.wake();
  }

  private isOpen(): boolean {
    return this.underWay < limits.answersUnderWayBytesMax;
  }

  private wake(): void {
    if (this.isOpen()) this.waiting.shift()?.();
  }
}
