/** FIFO queue with one reader: the client's messages of one RPC, bounded by the credit of the tunnel. */
export class MessageQueue<T> implements AsyncIterable<T> {
  private readonly items: T[] = [];
  private ended = false;
  private failure: Error | undefined = undefined;
  private wake: (() => void) | undefined = undefined;
  private readonly onTaken: () => void;

  /** @param onTaken called for each message that the service has taken */
  constructor(onTaken: () => void) {
    this.onTaken = onTaken;
  }

  push(item: T): void {
    this.items.push(item);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  fail(error: Error): void {
    this.failure = error;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      const item = this.items.shift();
      if (item !== undefined) {
        this.onTaken();
        yield item;
      } else if (this.ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = undefined;
      }
    }
  }
}
