/** Who watches: all audiences, and the live views of this shard that are their members. */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { PacketPredicate } from "../expression/compile-expression.ts";
import { Audience } from "./audience.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import type { BundlePool } from "./bundle.ts";
import { type Selection, selectionKey } from "./selection.ts";
import { Subscriber } from "./subscriber.ts";
import type { SubscriberPort } from "./subscriber-port.ts";
import type { SubscriberReport } from "./subscriber-report.ts";

export interface AudiencesOptions {
  readonly encoder: BatchEncoder;
  /** Compiles a packet filter; throws a WeirError that says what is wrong with it. */
  readonly compile: (expression: string) => PacketPredicate;
  /** Batches that may wait for one subscriber (`--subscriber-buffer`). */
  readonly batchesMax: number;
  /** Which of the node's shards this is, from 0, and of how many: they share what all live views may hold. */
  readonly shard: number;
  readonly shards: number;
  readonly clock: Clock;
}

export class Audiences {
  /** By `selectionKey`. */
  readonly all: ReadonlyMap<string, Audience>;
  /** Whose turn to be written to is next comes first. */
  readonly subscribers: ReadonlySet<Subscriber>;
  private readonly options: AudiencesOptions;
  private readonly pool: BundlePool;
  private readonly onWritable: () => void;
  private readonly byKey = new Map<string, Audience>();
  private readonly byNumber = new Map<number, Audience>();
  private readonly inTurn = new Set<Subscriber>();
  private readonly ended: SubscriberReport[] = [];
  private joined = 0;
  private made = 0;

  /** @param onWritable called when a transport has taken what it had, and something waits for it */
  constructor(options: AudiencesOptions, pool: BundlePool, onWritable: () => void) {
    this.options = options;
    this.pool = pool;
    this.onWritable = onWritable;
    this.all = this.byKey;
    this.subscribers = this.inTurn;
  }

  /** @throws WeirError when the expression of the selection is not one */
  add(
    port: SubscriberPort,
    selection: Selection,
    clientId: string,
  ): { subscriber: Subscriber; audience: Audience } {
    const audience = this.of(selection);
    const { shard, shards, batchesMax, clock } = this.options;
    // Not that of another on another shard: names are made of it.
    const number = this.joined++ * shards + shard + 1;
    const subscriber = new Subscriber({
      number,
      clientId: clientId === "" ? `subscriber-${number}` : clientId,
      selection,
      port,
      pool: this.pool,
      batchesMax,
      nowMs: clock.monotonicMs(),
      onWritable: this.onWritable,
    });
    audience.members.add(subscriber);
    this.inTurn.add(subscriber);
    this.expectBundles();
    return { subscriber, audience };
  }

  /** Closes a live view; what is to be said of it in the end, or undefined when that has been done. */
  remove(subscriber: Subscriber): SubscriberReport | undefined {
    if (!this.inTurn.delete(subscriber)) return undefined;
    this.expectBundles();
    subscriber.close();
    const report = subscriber.report();
    // Control must hear of the end of each that it knows. Others may come and go by the thousand.
    const hasRoom = this.ended.length < limits.subscribersMax;
    if (subscriber.isKnown || hasRoom) this.ended.push(report);
    return report;
  }

  /** Who had its turn goes to the end of the row. */
  endTurn(subscriber: Subscriber): void {
    this.inTurn.delete(subscriber);
    this.inTurn.add(subscriber);
  }

  /** Of those for whom something waits, the one whose oldest bundle is the oldest. */
  slowest(): Subscriber | undefined {
    let slowest: Subscriber | undefined;
    for (const subscriber of this.inTurn) {
      if (subscriber.oldest < (slowest?.oldest ?? Number.POSITIVE_INFINITY)) slowest = subscriber;
    }
    return slowest;
  }

  /** The audience with that selection, made when there is none; throws as `add` does. */
  of(selection: Selection): Audience {
    const key = selectionKey(selection);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const { pool } = this;
    const { encoder, compile, batchesMax } = this.options;
    const bundleBatchesMax = Math.max(
      1,
      Math.min(limits.fanoutBundleBatchesMax, Math.floor(batchesMax / 4)),
    );
    const predicate = selection.expression === "" ? undefined : compile(selection.expression);
    const number = ++this.made;
    const options = { key, number, selection, predicate, pool, encoder, bundleBatchesMax };
    const audience = new Audience(options);
    this.byKey.set(key, audience);
    this.byNumber.set(number, audience);
    this.expectBundles();
    return audience;
  }

  find(selection: Selection): Audience | undefined {
    return this.byKey.get(selectionKey(selection));
  }

  numbered(number: number): Audience | undefined {
    return this.byNumber.get(number);
  }

  forgetIfEmpty(audience: Audience): void {
    if (!audience.isEmpty) return;
    audience.deliver();
    this.byKey.delete(audience.key);
    this.byNumber.delete(audience.number);
    this.expectBundles();
  }

  /** What control wants to know: all live views, and those that ended since the last call. */
  takeReports(): SubscriberReport[] {
    const reports = this.ended.splice(0);
    for (const subscriber of this.inTurn) {
      subscriber.isKnown = true;
      reports.push(subscriber.report());
    }
    return reports;
  }

  private expectBundles(): void {
    this.pool.expect(this.byKey.size, this.inTurn.size);
  }
}
