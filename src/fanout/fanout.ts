/**
 * The room of live views: gives each batch of this shard's hunters to whoever watches, here or on
 * another shard, and never slows ingest by more than its share of time (`time-share.ts`). What a
 * subscriber cannot take, or what there is no time for, it loses; each loss is counted for it.
 */
import type { MessagePort } from "node:worker_threads";
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { PacketPredicate } from "../expression/compile-expression.ts";
import type { Batch } from "../pipeline/batch.ts";
import { Audience } from "./audience.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import { BundlePool } from "./bundle.ts";
import { MeshLink } from "./mesh-link.ts";
import { type Selection, selectionKey, selectionText } from "./selection.ts";
import { Subscriber } from "./subscriber.ts";
import type { SubscriberEnd, SubscriberPort } from "./subscriber-port.ts";
import type { SubscriberReport } from "./subscriber-report.ts";
import { TimeShare } from "./time-share.ts";

export interface FanoutOptions {
  readonly encoder: BatchEncoder;
  /** Compiles a packet filter; throws a WeirError that says what is wrong with it. */
  readonly compile: (expression: string) => PacketPredicate;
  /** Batches that may wait for one subscriber (`--subscriber-buffer`). */
  readonly batchesMax: number;
  /** What an operator wants to know of; rate-limited by who takes it. */
  readonly note?: FanoutNote;
  /** Which of the node's shards this is, from 0, and of how many: they share what all live views may hold. */
  readonly shard: number;
  readonly shards: number;
  readonly clock: Clock;
  /** Milliseconds that this thread ran, or waited for a core. */
  readonly busyMs: () => number;
}

export type FanoutNote = (
  event: "subscriber-joined" | "subscriber-left" | "subscriber-slow" | "live-views-late",
  message: string,
  fields: { readonly client: string; readonly peer: string; readonly lost?: number },
) => void;

interface NumberedAudience {
  readonly audience: Audience;
  /** How other shards name it. */
  readonly number: number;
}

export class Fanout {
  private readonly options: FanoutOptions;
  private readonly now: () => number;
  private readonly pool = new BundlePool();
  private readonly time: TimeShare;
  private readonly queuedBytesMax: number;
  private readonly audiences = new Map<string, NumberedAudience>();
  private readonly byNumber = new Map<number, Audience>();
  private readonly subscribers = new Set<Subscriber>();
  private readonly links = new Map<number, MeshLink>();
  private readonly ended: SubscriberReport[] = [];
  private readonly sweeper: ReturnType<typeof setInterval>;
  private joined = 0;
  private audiencesMade = 0;
  /** Which of those who want a batch is served first. */
  private turn = 0;
  private scheduled = false;
  private soon: ReturnType<typeof setTimeout> | undefined = undefined;
  private flushedMs = Number.NEGATIVE_INFINITY;
  private late: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(options: FanoutOptions) {
    this.options = options;
    this.now = options.clock.monotonicMs;
    this.time = new TimeShare({ now: this.now, busy: options.busyMs });
    this.queuedBytesMax = Math.floor(limits.fanoutQueuedBytesMax / options.shards);
    this.sweeper = setInterval(() => this.sweep(), limits.fanoutSweepMs);
    this.sweeper.unref();
  }

  get size(): number {
    return this.subscribers.size;
  }

  /**
   * Adds a live view. An empty `clientId` gets a name; equal ones do not disturb each other.
   * @throws WeirError when the expression is not one
   */
  subscribe(port: SubscriberPort, selection: Selection, clientId: string): Subscriber {
    const { audience } = this.audienceOf(selection);
    const { shard, shards } = this.options;
    // Not that of another on another shard: names are made of it.
    const number = this.joined++ * shards + shard + 1;
    const subscriber = new Subscriber({
      number,
      clientId: clientId === "" ? `subscriber-${number}` : clientId,
      selection,
      port,
      pool: this.pool,
      batchesMax: this.options.batchesMax,
      nowMs: this.now(),
      onWritable: () => this.schedule(),
    });
    const isFirst = audience.members.size === 0;
    audience.members.add(subscriber);
    this.subscribers.add(subscriber);
    this.expectBundles();
    if (isFirst) this.announce(selection);
    this.tell("subscriber-joined", subscriber, `watches ${selectionText(selection)}`);
    return subscriber;
  }

  /** The call of a live view is over. */
  unsubscribe(subscriber: Subscriber, selection: Selection): void {
    if (!this.subscribers.delete(subscriber)) return;
    this.expectBundles();
    subscriber.close();
    const report = subscriber.report();
    // Control must hear of the end of each that it knows. Others may come and go by the thousand.
    const hasRoom = this.ended.length < limits.subscribersMax;
    if (subscriber.isKnown || hasRoom) this.ended.push(report);
    const text = `left after ${report.batchesSent} batches; it lost ${report.batchesDropped}`;
    this.tell("subscriber-left", subscriber, text, report.batchesDropped);
    const key = selectionKey(selection);
    const found = this.audiences.get(key);
    if (found === undefined) return;
    found.audience.members.delete(subscriber);
    if (found.audience.members.size === 0) {
      for (const link of this.links.values()) link.unwant(found.number);
    }
    this.forgetIfEmpty(key, found);
  }

  /** Takes what it needs of the batch; keeps nothing of it. Costs nothing while nobody watches. */
  offer(batch: Batch): void {
    if (this.audiences.size === 0) return;
    const hasTime = this.time.begin() > -limits.fanoutDebtMsMax;
    const isLate = this.late !== undefined;
    const { closed } = this.pool;
    let wanting = 0;
    for (const { audience } of this.audiences.values()) {
      if (!audience.wants(batch.hunterId)) continue;
      const room = audience.room(isLate);
      if (room === "some") wanted[wanting++] = audience;
      else if (room === "later") audience.miss();
      else audience.drop();
    }
    if (hasTime && wanting > 0) this.layOut(batch, wanting);
    else for (let at = 0; at < wanting; at++) wanted[at]?.miss();
    if (hasTime) this.time.spend();
    if (wanting === 0) return;
    if (!hasTime) this.pumpLater();
    else if (this.pool.closed > closed) this.schedule();
    else this.scheduleSoon();
  }

  /**
   * Gives the batch to the first `wanting` of `wanted`, as far as there is time. Who comes first
   * changes from batch to batch: else those behind would never get any.
   */
  private layOut(batch: Batch, wanting: number): void {
    this.makeRoom();
    const packets = this.options.encoder.encode(batch);
    let hasTime = true;
    for (let at = 0; at < wanting; at++) {
      const audience = wanted[(this.turn + at) % wanting];
      if (!hasTime) {
        audience?.miss();
        continue;
      }
      audience?.append(batch, packets);
      hasTime = this.time.spend() > -limits.fanoutDebtMsMax;
      if (this.pool.openBytes <= limits.fanoutOpenBytesMax) continue;
      this.deliver();
      this.makeRoom();
    }
    this.turn = (this.turn + 1) % wanting;
  }

  private pump(): void {
    this.late = clear(this.late);
    if (this.time.begin() <= 0) {
      this.pumpLater();
      return;
    }
    for (const subscriber of this.subscribers) {
      while (subscriber.isWritable) {
        subscriber.write(this.now());
        if (this.time.spend() > 0) continue;
        // Who had its turn goes to the end of the row.
        this.subscribers.delete(subscriber);
        this.subscribers.add(subscriber);
        this.pumpLater();
        return;
      }
    }
  }

  /** Connects this shard with another; replaces the link to one that died. */
  connect(shard: number, port: MessagePort): void {
    this.links.get(shard)?.close();
    const link: MeshLink = new MeshLink({
      port,
      onWanted: (selection, member) => this.audienceOf(selection).audience.remotes.add(member),
      onUnwanted: (selection, member) => {
        const key = selectionKey(selection);
        const found = this.audiences.get(key);
        found?.audience.remotes.delete(member);
        if (found !== undefined) this.forgetIfEmpty(key, found);
      },
      onBundle: (number, bytes, batches) => this.onBundle(number, bytes, batches),
      onMissed: (number, batches) => {
        for (const member of this.byNumber.get(number)?.members ?? []) member.miss(batches);
      },
      onClosed: () => {
        if (this.links.get(shard) === link) this.links.delete(shard);
      },
    });
    this.links.set(shard, link);
    for (const { audience, number } of this.audiences.values()) {
      if (audience.members.size > 0) link.want(number, audience.selection);
    }
  }

  /** What control wants to know: all live views, and those that ended since the last call. */
  takeReports(): SubscriberReport[] {
    const reports = this.ended.splice(0);
    for (const subscriber of this.subscribers) {
      subscriber.isKnown = true;
      reports.push(subscriber.report());
    }
    return reports;
  }

  /** The node stops: every live view ends. */
  endAll(status: SubscriberEnd): void {
    clearInterval(this.sweeper);
    this.late = clear(this.late);
    this.soon = clear(this.soon);
    for (const subscriber of this.subscribers) subscriber.end(status);
    for (const link of [...this.links.values()]) link.close();
  }

  private audienceOf(selection: Selection): NumberedAudience {
    const key = selectionKey(selection);
    const known = this.audiences.get(key);
    if (known !== undefined) return known;
    const { encoder, compile, batchesMax } = this.options;
    const bundleBatchesMax = Math.max(
      1,
      Math.min(limits.fanoutBundleBatchesMax, Math.floor(batchesMax / 4)),
    );
    const predicate = selection.expression === "" ? undefined : compile(selection.expression);
    const { pool } = this;
    const audience = new Audience({ selection, predicate, pool, encoder, bundleBatchesMax });
    const made = { audience, number: ++this.audiencesMade };
    this.audiences.set(key, made);
    this.byNumber.set(made.number, audience);
    this.expectBundles();
    return made;
  }

  private announce(selection: Selection): void {
    const { number } = this.audienceOf(selection);
    for (const link of this.links.values()) link.want(number, selection);
  }

  private forgetIfEmpty(key: string, { audience, number }: NumberedAudience): void {
    if (!audience.isEmpty) return;
    audience.deliver();
    this.audiences.delete(key);
    this.byNumber.delete(number);
    this.expectBundles();
  }

  private expectBundles(): void {
    this.pool.expect(this.audiences.size, this.subscribers.size);
  }

  private onBundle(number: number, bytes: Uint8Array, batches: number): void {
    const audience = this.byNumber.get(number);
    if (audience === undefined || audience.members.size === 0) return;
    this.makeRoom();
    const bundle = this.pool.wrap(bytes, batches);
    audience.hand(bundle);
    this.pool.release(bundle);
    this.schedule();
  }

  /** At the end of this turn of the loop. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** The first batch after a while goes out at once; more of them come together, since each write to a
   * transport costs about as much as 40 KiB of it. */
  private scheduleSoon(): void {
    const wait = this.flushedMs + limits.fanoutDelayMs - this.now();
    if (wait <= 0) this.schedule();
    else
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.flush();
      }, wait);
  }

  private flush(): void {
    this.soon = clear(this.soon);
    this.flushedMs = this.now();
    this.deliver();
    this.pump();
  }

  private pumpLater(): void {
    this.late ??= setTimeout(() => {
      this.late = undefined;
      this.flush();
    }, this.time.wait());
  }

  /** Puts what was laid out into the queues of those who want it. */
  private deliver(): void {
    for (const { audience } of this.audiences.values()) audience.deliver();
  }

  /** Keeps what waits for all live views of the shard below its ceiling, at the cost of the slowest. */
  private makeRoom(): void {
    while (this.pool.queuedBytes > this.queuedBytesMax) {
      let slowest: Subscriber | undefined;
      for (const subscriber of this.subscribers) {
        if (subscriber.oldest < (slowest?.oldest ?? Number.POSITIVE_INFINITY)) slowest = subscriber;
      }
      if (slowest === undefined) return;
      slowest.clear();
    }
  }

  /** Once a second: keeps idle calls alive, tells of losses. */
  sweep(): void {
    const now = this.now();
    for (const subscriber of this.subscribers) {
      subscriber.keepAlive(now);
      const { dropped, missed } = subscriber.takeLost();
      if (dropped > 0) {
        this.tell("subscriber-slow", subscriber, lostText(dropped, "it reads too slowly"), dropped);
      }
      if (missed > 0) {
        const text = lostText(missed, "receiving and recording come first, and took the time");
        this.tell("live-views-late", subscriber, text, missed);
      }
    }
  }

  private tell(
    event: Parameters<FanoutNote>[0],
    { clientId, port }: Subscriber,
    message: string,
    lost?: number,
  ): void {
    const fields = { client: clientId, peer: port.peer, ...(lost === undefined ? {} : { lost }) };
    this.options.note?.(event, `${clientId} ${message}`, fields);
  }
}

function lostText(batches: number, why: string): string {
  return `lost ${batches} batches within a second: ${why}`;
}

/** Audiences that the batch under way is for. */
const wanted: (Audience | undefined)[] = [];

function clear(timer: ReturnType<typeof setTimeout> | undefined): undefined {
  clearTimeout(timer);
}
