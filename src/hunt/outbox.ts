/** Retransmission queue: batches are kept, and sent again on a new stream, until they are acknowledged. */
import { assert } from "../base/assert.ts";
import { limits } from "../config/limits.ts";

/** A batch on its way to the processor: encoded once, kept until it is acknowledged. */
export interface OutgoingBatch {
  /** From 1 on, never used again while the hunter runs. */
  readonly sequence: number;
  readonly packets: number;
  /** The encoded PacketBatch. */
  readonly message: Buffer;
  /** How often a stream ended because of this batch. */
  rejections: number;
}

/**
 * Batches that no acknowledgement has come for, in order: first those sent on the current stream,
 * then those that wait. Acknowledgements are matched by order (docs/architecture.md#one-batchs-way).
 */
export class Outbox {
  /** Bytes of all batches, and of those not yet sent on the current stream. */
  bytes = 0;
  unsentBytes = 0;
  /** Batches sent on the current stream. */
  sent = 0;
  /** Called when a batch came, when one was taken to be sent, and when one went for good. */
  onPush: () => void = () => {};
  onTake: () => void = () => {};
  onRemove: () => void = () => {};
  private batches: OutgoingBatch[] = [];
  private head = 0;

  get length(): number {
    return this.batches.length - this.head;
  }

  /** Packets of all batches. */
  get packets(): number {
    let count = 0;
    for (let at = this.head; at < this.batches.length; at += 1) {
      count += this.batches[at]?.packets ?? 0;
    }
    return count;
  }

  push(batch: OutgoingBatch): void {
    this.batches.push(batch);
    this.bytes += weight(batch);
    this.unsentBytes += weight(batch);
    this.onPush();
  }

  /** The next batch to send, which counts as sent from now on. */
  takeUnsent(): OutgoingBatch | undefined {
    const batch = this.batches[this.head + this.sent];
    if (batch === undefined) return undefined;
    this.sent += 1;
    this.unsentBytes -= weight(batch);
    this.onTake();
    return batch;
  }

  get hasUnsent(): boolean {
    return this.sent < this.length;
  }

  get oldest(): OutgoingBatch | undefined {
    return this.batches[this.head];
  }

  /** Takes the oldest batch out, which was acknowledged; undefined when none was sent. */
  acknowledge(): OutgoingBatch | undefined {
    const batch = this.oldest;
    if (this.sent === 0 || batch === undefined) return undefined;
    this.sent -= 1;
    this.removeOldest(batch);
    return batch;
  }

  /** The stream ended: all batches are to be sent again. */
  rewind(): void {
    this.sent = 0;
    this.unsentBytes = this.bytes;
  }

  /** Takes the oldest batch out, which nobody will accept. Only between two streams. */
  setAside(): void {
    const batch = this.oldest;
    assert(batch !== undefined && this.sent === 0, "a batch is set aside between two streams");
    this.unsentBytes -= weight(batch);
    this.removeOldest(batch);
  }

  private removeOldest(batch: OutgoingBatch): void {
    this.bytes -= weight(batch);
    this.head += 1;
    if (this.head >= 1024 && this.head * 2 >= this.batches.length) {
      this.batches = this.batches.slice(this.head);
      this.head = 0;
    }
    this.onRemove();
  }
}

function weight(batch: OutgoingBatch): number {
  return batch.message.length + limits.huntBatchOverheadBytes;
}
