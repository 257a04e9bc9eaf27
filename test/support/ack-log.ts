/** The other side of `acking-hunter.ts`: starts it, and reads its log of acks. */
import { join } from "node:path";

export class AckLog {
  /** Batches acknowledged by hunter. They are acknowledged in their order, from 1 on. */
  readonly acked: number[];
  /** Batches sent by hunter until its stream was over. */
  readonly sent: number[] = [];
  total = 0;
  private readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  private readonly done: Promise<void>;
  private waiters = new Set<() => void>();
  private over = false;

  constructor(address: string, hunters: number, packetsPerBatch: number) {
    this.acked = new Array<number>(hunters).fill(0);
    const script = join(import.meta.dir, "acking-hunter.ts");
    const args = [address, String(hunters), String(packetsPerBatch)];
    this.child = Bun.spawn([process.execPath, script, ...args], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.done = this.read();
  }

  async waitAcked(total: number): Promise<void> {
    await this.until(() => this.total >= total);
  }

  /** Resolves when the streams of all hunters are over. */
  async waitEnded(): Promise<void> {
    await this.until(() => Object.keys(this.sent).length === this.acked.length);
  }

  /** Has what was not acknowledged sent again, and waits until the hunters are done. */
  async sendAgain(address: string): Promise<void> {
    await this.child.stdin.write(`${address}\n`);
    await this.child.stdin.end();
    await this.done;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.over) throw new Error(`the hunters ended after ${this.total} acks`);
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  private async read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.take(line);
      this.wake();
    }
    this.over = true;
    this.wake();
  }

  private take(line: string): void {
    const [kind, first, second] = line.split(" ");
    const hunter = Number(first);
    const number = Number(second);
    if (kind === "end") {
      this.sent[hunter] = number;
      return;
    }
    const before = this.acked[hunter] ?? 0;
    if (kind !== "ack" || number !== before + 1) {
      throw new Error(`after the ack of batch ${before} of hunter ${hunter} came "${line}"`);
    }
    this.acked[hunter] = number;
    this.total++;
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = new Set();
    for (const resolve of waiters) resolve();
  }
}
