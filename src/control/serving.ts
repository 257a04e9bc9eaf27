/** Whether the node can do its work now; false while the disk is full, and from the stop on. */
export class Serving {
  private readonly waiting = new Set<() => void>();
  private serving = true;

  get now(): boolean {
    return this.serving;
  }

  set(serving: boolean): void {
    if (serving === this.serving) return;
    this.serving = serving;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Resolves at the next change, or when `signal` is given. */
  changed(signal: AbortSignal): Promise<void> {
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
