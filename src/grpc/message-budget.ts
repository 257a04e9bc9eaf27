/**
 * Weighted semaphore with a fair queue: how many bytes of large half-received messages a shard holds.
 * A message above `limits.smallMessageBytesMax` reserves its whole length before it is read on; who
 * finds no room waits, unread. That bounds what any number of clients can make the shard hold by
 * stopping in the middle of a message. One client has half of the room at most, or one message;
 * clients that wait take turns.
 */
export class MessageBudget {
  private readonly shareBytes: number;
  private free: number;
  /** By client. */
  private readonly held = new Map<number, number>();
  /** The client whose turn is next comes first; of each, who asked first. */
  private readonly waiting = new Map<number, Waiter[]>();
  private waking = false;

  /** @param bytes at least one message of the largest size */
  constructor(bytes: number) {
    this.free = bytes;
    this.shareBytes = bytes / 2;
  }

  /** The room as one client has it: `client` is the same number for all its RPCs. */
  of(client: number): MessageRoom {
    return {
      reserve: (bytes, ready) => this.reserve(client, { bytes, ready }),
      release: (bytes) => this.release(client, bytes),
      forget: (ready) => this.forget(client, ready),
      othersWait: () => this.waiting.size > (this.waiting.has(client) ? 1 : 0),
    };
  }

  private reserve(client: number, waiter: Waiter): boolean {
    const queue = this.waiting.get(client);
    if (queue === undefined && this.next() === undefined && waiter.bytes <= this.free) {
      if (this.mayHold(client, waiter.bytes)) {
        this.take(client, waiter.bytes);
        return true;
      }
    }
    if (queue === undefined) this.waiting.set(client, [waiter]);
    else queue.push(waiter);
    return false;
  }

  private release(client: number, bytes: number): void {
    this.free += bytes;
    const rest = (this.held.get(client) ?? 0) - bytes;
    if (rest > 0) this.held.set(client, rest);
    else this.held.delete(client);
    this.wake();
  }

  private forget(client: number, ready: () => void): void {
    const queue = this.waiting.get(client) ?? [];
    const index = queue.findIndex((waiter) => waiter.ready === ready);
    if (index < 0) return;
    queue.splice(index, 1);
    if (queue.length === 0) this.waiting.delete(client);
    this.wake();
  }

  private take(client: number, bytes: number): void {
    this.free -= bytes;
    this.held.set(client, (this.held.get(client) ?? 0) + bytes);
  }

  private mayHold(client: number, bytes: number): boolean {
    const held = this.held.get(client) ?? 0;
    return held === 0 || held + bytes <= this.shareBytes;
  }

  /** Who waits for room, and not for room of its own share. */
  private next(): { client: number; queue: Waiter[]; first: Waiter } | undefined {
    for (const [client, queue] of this.waiting) {
      const first = queue[0];
      if (first !== undefined && this.mayHold(client, first.bytes)) return { client, queue, first };
    }
    return undefined;
  }

  private wake(): void {
    // Who is ready may give back at once: the loop below sees it, without a call within a call.
    if (this.waking) return;
    this.waking = true;
    for (;;) {
      const next = this.next();
      if (next === undefined || next.first.bytes > this.free) break;
      const { client, queue, first } = next;
      queue.shift();
      this.waiting.delete(client);
      if (queue.length > 0) this.waiting.set(client, queue);
      this.take(client, first.bytes);
      first.ready();
    }
    this.waking = false;
  }
}

/** What one client has of the budget. */
export interface MessageRoom {
  /** Reserves now and answers true, or queues `ready` for later and answers false. */
  reserve(bytes: number, ready: () => void): boolean;
  release(bytes: number): void;
  /** The one who asked with this `ready` is gone. */
  forget(ready: () => void): void;
  /** Other clients wait for room. */
  othersWait(): boolean;
}

interface Waiter {
  readonly bytes: number;
  readonly ready: () => void;
}
