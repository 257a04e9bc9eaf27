/**
 * The room of live views: gives each batch of this shard's hunters to whoever watches, here or on
 * another shard, and never slows ingest by more than its share of time (`time-share.ts`). What a
 * subscriber cannot take, or what there is no time for, it loses; each loss is counted for it.
 *
 * Who watches is in `audiences.ts`, where else in `mesh.ts`, when they are served in `schedule.ts`. Here is
 * a batch's way: laid out into bundles (`offer`), put into queues (`deliver`), written (`pump`).
 */

import type { MessagePort } from "node:worker_threads";
import { limits } from "../config/limits.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import type { Batch } from "../pipeline/batch.ts";
import type { Audience } from "./audience.ts";
import { Audiences, type AudiencesOptions } from "./audiences.ts";
import { type Bundle, BundlePool } from "./bundle.ts";
import { Mesh } from "./mesh.ts";
import { Schedule } from "./schedule.ts";
import { type Selection, selectionText } from "./selection.ts";
import type { Subscriber } from "./subscriber.ts";
import type { SubscriberPort } from "./subscriber-port.ts";
import type { SubscriberReport } from "./subscriber-report.ts";
import { TimeShare } from "./time-share.ts";

export interface FanoutOptions extends AudiencesOptions {
  /** What an operator wants to know of; rate-limited by who takes it. */
  readonly note?: FanoutNote;
  /** Milliseconds that this thread ran, or waited for a core. */
  readonly busyMs: () => number;
}

export type FanoutNote = (
  event: "subscriber-joined" | "subscriber-left" | "subscriber-slow" | "live-views-late",
  message: string,
  fields: { readonly client: string; readonly peer: string; readonly lost?: number },
) => void;

export class Fanout {
  private readonly options: FanoutOptions;
  private readonly now: () => number;
  private readonly pool = new BundlePool();
  private readonly time: TimeShare;
  private readonly audiences: Audiences;
  private readonly mesh: Mesh;
  private readonly schedule: Schedule;
  private readonly queuedBytesMax: number;
  /** Which of those who want a batch is served first. */
  private turn = 0;

  constructor(options: FanoutOptions) {
    this.options = options;
    this.now = options.clock.monotonicMs;
    this.time = new TimeShare({ now: this.now, busy: options.busyMs });
    this.queuedBytesMax = Math.floor(limits.fanoutQueuedBytesMax / options.shards);
    this.audiences = new Audiences(options, this.pool, () => this.schedule.atTurnEnd());
    this.mesh = new Mesh({
      audiences: this.audiences,
      onBundle: (audience, frames, length, batches) =>
        this.onBundle(audience, this.pool.wrap(frames, length, batches)),
    });
    this.schedule = new Schedule({
      now: this.now,
      flush: () => this.flush(),
      sweep: () => this.sweep(),
    });
  }

  get size(): number {
    return this.audiences.subscribers.size;
  }

  /**
   * Adds a live view. An empty `clientId` gets a name; equal ones do not disturb each other.
   * @throws WeirError when the expression is not one
   */
  subscribe(port: SubscriberPort, selection: Selection, clientId: string): Subscriber {
    const { subscriber, audience } = this.audiences.add(port, selection, clientId);
    if (audience.members.size === 1) this.mesh.want(audience);
    this.tell("subscriber-joined", subscriber, `watches ${selectionText(selection)}`);
    return subscriber;
  }

  /** The call of a live view is over. */
  unsubscribe(subscriber: Subscriber, selection: Selection): void {
    const report = this.audiences.remove(subscriber);
    if (report === undefined) return;
    const text = `left after ${report.batchesSent} batches; it lost ${report.batchesDropped}`;
    this.tell("subscriber-left", subscriber, text, report.batchesDropped);
    const audience = this.audiences.find(selection);
    if (audience === undefined) return;
    audience.members.delete(subscriber);
    if (audience.members.size === 0) this.mesh.unwant(audience);
    this.audiences.forgetIfEmpty(audience);
  }

  /** Connects this shard with another; replaces the link to one that died. */
  connect(shard: number, port: MessagePort): void {
    this.mesh.connect(shard, port);
  }

  /** Takes what it needs of the batch; keeps nothing of it. Costs nothing while nobody watches. */
  offer(batch: Batch): void {
    const { all } = this.audiences;
    if (all.size === 0) return;
    const hasTime = this.time.begin() > -limits.fanoutDebtMsMax;
    const { isLate } = this.schedule;
    const { closed } = this.pool;
    let wanting = 0;
    for (const audience of all.values()) {
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
    if (!hasTime) this.schedule.later(this.time.wait());
    else if (this.pool.closed > closed) this.schedule.atTurnEnd();
    else this.schedule.soon();
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

  private onBundle(audience: Audience, bundle: Bundle): void {
    this.makeRoom();
    audience.hand(bundle);
    this.pool.close(bundle);
    this.schedule.atTurnEnd();
  }

  /** Keeps what waits for all live views of the shard below its ceiling, at the cost of the slowest. */
  private makeRoom(): void {
    while (this.pool.queuedBytes > this.queuedBytesMax) {
      const slowest = this.audiences.slowest();
      if (slowest === undefined) return;
      slowest.clear();
    }
  }

  private flush(): void {
    this.deliver();
    this.pump();
  }

  /** Puts what was laid out into the queues of those who want it. */
  private deliver(): void {
    for (const audience of this.audiences.all.values()) audience.deliver();
  }

  /** Writes what waits, as far as there is time. */
  private pump(): void {
    if (this.time.begin() <= 0) {
      this.schedule.later(this.time.wait());
      return;
    }
    for (const subscriber of this.audiences.subscribers) {
      while (subscriber.isWritable) {
        subscriber.write(this.now());
        if (this.time.spend() > 0) continue;
        this.audiences.endTurn(subscriber);
        this.schedule.later(this.time.wait());
        return;
      }
    }
  }

  /** Once a second: keeps idle calls alive, tells of losses. */
  sweep(): void {
    const now = this.now();
    for (const subscriber of this.audiences.subscribers) {
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

  /** What control wants to know: all live views, and those that ended since the last call. */
  takeReports(): SubscriberReport[] {
    return this.audiences.takeReports();
  }

  /** The node stops: every live view ends. */
  endAll(status: GrpcStatus): void {
    this.schedule.stop();
    for (const subscriber of this.audiences.subscribers) subscriber.end(status);
    this.mesh.close();
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

/** Audiences that the batch under way is for. */
const wanted: (Audience | undefined)[] = [];

function lostText(batches: number, why: string): string {
  return `lost ${batches} batches within a second: ${why}`;
}
