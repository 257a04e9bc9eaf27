/** FIFO queue of acks: those of one shard that wait until the sink is done, in the order of the batches. */
import type { HunterStream } from "./hunter-stream.ts";

export interface PendingAck {
  readonly stream: HunterStream;
  readonly sequenceLow: number;
  readonly sequenceHigh: number;
  /** The sink's position after the batch. */
  readonly position: number;
  readonly packets: number;
  readonly error: string;
}

/** First in, first out. Bounded by `limits.pendingAcksMax`, which `ingest.ts` keeps. */
export class AckQueue {
  private items: (PendingAck | undefined)[] = [];
  private first = 0;

  get length(): number {
    return this.items.length - this.first;
  }

  push(ack: PendingAck): void {
    this.items.push(ack);
  }

  /** Takes the oldest ack when the sink is done up to it. */
  shiftDone(done: number): PendingAck | undefined {
    const ack = this.items[this.first];
    if (ack === undefined || ack.position > done) return undefined;
    this.items[this.first++] = undefined;
    if (this.first === this.items.length) {
      this.items = [];
      this.first = 0;
    } else if (this.first >= 4096) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return ack;
  }
}
