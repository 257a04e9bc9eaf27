/** The live views of all shards, as these report them. */
import { limits } from "../config/limits.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";

export interface SubscriberTotals {
  /** Open now. */
  readonly open: number;
  /** Batches lost since the start, by those that have ended too. */
  readonly batchesDropped: number;
}

export class SubscriberTable {
  private readonly known = new Map<string, SubscriberReport>();
  /** Of those that have ended. */
  private dropped = 0;

  /** Takes what a shard reports: new totals of each of its views that it names. */
  report(shard: number, reports: readonly SubscriberReport[]): void {
    for (const report of reports) {
      const key = `${shard} ${report.number}`;
      if (report.ended) {
        this.dropped += report.batchesDropped;
        this.known.delete(key);
      } else if (this.known.has(key) || this.known.size < limits.subscriberReportsMax) {
        this.known.set(key, report);
      }
    }
  }

  /** A shard died, and its views with it. */
  shardLost(shard: number): void {
    const prefix = `${shard} `;
    for (const [key, { batchesDropped }] of this.known) {
      if (!key.startsWith(prefix)) continue;
      this.dropped += batchesDropped;
      this.known.delete(key);
    }
  }

  open(): IterableIterator<SubscriberReport> {
    return this.known.values();
  }

  totals(): SubscriberTotals {
    let batchesDropped = this.dropped;
    for (const subscriber of this.known.values()) batchesDropped += subscriber.batchesDropped;
    return { open: this.known.size, batchesDropped };
  }
}
