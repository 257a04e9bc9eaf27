/**
 * Condition variable that wakes all who wait: they look for themselves what there is, so a ring that nobody
 * heard is no loss.
 */
export class Bell {
  private readonly waiting = new Set<() => void>();

  ring(): void {
    for (const wake of this.waiting) wake();
  }

  /** Resolves at the next ring, or when `signal` is given. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        this.waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
