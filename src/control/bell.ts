/** Auto-reset event: the one reader of a stream's updates sleeps until there are some, or its RPC is over. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined = undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.ring(), { once: true });
  }

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves at the next ring, or at once when it rang since the last wait. */
  async wait(): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
    this.rung = false;
  }
}
