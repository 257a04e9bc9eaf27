/**
 * How many bytes of large half-received messages a shard holds. A message above
 * `limits.smallMessageBytesMax` reserves its whole length before it is read on; who finds no room
 * waits, unread, in the order of asking. That bounds what any number of clients can make the shard
 * hold by stopping in the middle of a message.
 */
export class MessageBudget {
  private free: number;
  private readonly waiting: Waiter[] = [];
  private waking = false;

  /** @param bytes at least one message of the largest size */
  constructor(bytes: number) {
    this.free = bytes;
  }

  /** Reserves now and answers true, or queues `ready` for later and answers false. */
  reserve(bytes: number, ready: () => void): boolean {
    if (this.waiting.length === 0 && bytes <= this.free) {
      this.free -= bytes;
      return true;
    }
    this.waiting.push({ bytes, ready });
    return false;
  }

  release(bytes: number): void {
    this.free += bytes;
    this.wake();
  }

  /** The one who asked with this `ready` is gone. */
  forget(ready: () => void): void {
    const index = this.waiting.findIndex((waiter) => waiter.ready === ready);
    if (index < 0) return;
    this.waiting.splice(index, 1);
    this.wake();
  }

  private wake(): void {
    // Who is ready may give back at once: the loop below sees it, without a call within a call.
    if (this.waking) return;
    this.waking = true;
    for (;;) {
      const first = this.waiting[0];
      if (first === undefined || first.bytes > this.free) break;
      this.waiting.shift();
      this.free -= first.bytes;
      first.ready();
    }
    this.waking = false;
  }
}

interface Waiter {
  readonly bytes: number;
  readonly ready: () => void;
}
