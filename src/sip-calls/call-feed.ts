/**
 * Who wants to know of calls, and what each has yet to be told: all calls at first and every
 * `limits.callRefreshMs`, between these only those that changed, each at most once every
 * `limits.callUpdateMs`. For each client there is a bit for each call: a slow one is told the last
 * state of a call, and costs no more than a quick one.
 */
import { Bell } from "../base/bell.ts";
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { Call } from "./call.ts";
import { CallTable } from "./call-table.ts";
import type { SipSighting } from "./sip-sighting.ts";
import { SlotSet } from "./slot-set.ts";

export interface CallFeedOptions {
  readonly clock: Clock;
  /** Default: `limits.callsMax`. */
  readonly callsMax?: number;
}

export class CallFeed {
  readonly table: CallTable;
  private readonly clock: Clock;
  private readonly callsMax: number;
  private readonly subscriptions = new Set<CallSubscription>();
  /** Changed since the last update; and the same without those who were refreshed since. */
  private readonly changed = new Set<Call>();
  private readonly changedSlots: SlotSet;
  private updatedAtMs: number;
  private purgedAtMs: number;

  constructor(options: CallFeedOptions) {
    const { clock } = options;
    this.clock = clock;
    this.callsMax = options.callsMax ?? limits.callsMax;
    this.changedSlots = new SlotSet(this.callsMax);
    this.table = new CallTable({ ...options, onForgotten: (call) => this.changed.delete(call) });
    this.updatedAtMs = clock.monotonicMs();
    this.purgedAtMs = this.updatedAtMs;
  }

  take(sightings: readonly SipSighting[]): void {
    for (const sighting of sightings) {
      const call = this.table.observe(sighting);
      if (call !== undefined) this.changed.add(call);
    }
  }

  /** To be called a few times a second. */
  tick(): void {
    const now = this.clock.monotonicMs();
    if (now - this.purgedAtMs >= limits.callPurgeMs) {
      this.purgedAtMs = now;
      this.table.purge();
    }
    if (now - this.updatedAtMs >= limits.callUpdateMs) this.update(now);
  }

  /** Undefined when there are `limits.callSubscribersMax`. The caller closes it. */
  subscribe(): CallSubscription | undefined {
    if (this.subscriptions.size >= limits.callSubscribersMax) return undefined;
    const subscription: CallSubscription = new CallSubscription(this.table, this.callsMax, () =>
      this.subscriptions.delete(subscription),
    );
    this.subscriptions.add(subscription);
    this.refresh(subscription);
    return subscription;
  }

  private update(now: number): void {
    for (const call of this.changed) this.changedSlots.add(call.slot);
    for (const subscription of this.subscriptions) {
      const { refreshedAtMs } = subscription;
      if (now - refreshedAtMs >= limits.callRefreshMs) this.refresh(subscription);
      else if (this.changed.size === 0) continue;
      else if (refreshedAtMs < this.updatedAtMs) subscription.wantAll(this.changedSlots);
      else subscription.want(this.changed);
    }
    this.updatedAtMs = now;
    this.changed.clear();
    this.changedSlots.clear();
  }

  private refresh(subscription: CallSubscription): void {
    subscription.refreshedAtMs = this.clock.monotonicMs();
    subscription.told = 0;
    subscription.want(this.table.known());
    subscription.told = this.table.latest;
  }
}

/** One client's view. */
export class CallSubscription {
  /** Changes up to this revision were in the last refresh. */
  told = 0;
  refreshedAtMs = 0;
  private readonly table: CallTable;
  private readonly pending: SlotSet;
  private readonly bell = new Bell();
  private readonly onClose: () => void;

  constructor(table: CallTable, callsMax: number, onClose: () => void) {
    this.table = table;
    this.pending = new SlotSet(callsMax);
    this.onClose = onClose;
  }

  /** The next call to tell of, as it is now. */
  next(): Call | undefined {
    for (let slot = this.pending.take(); slot >= 0; slot = this.pending.take()) {
      // It may be another call than when it was noted: that one is new, and to be told as well.
      const call = this.table.at(slot);
      if (call !== undefined) return call;
    }
    return undefined;
  }

  /** Resolves when there is something new, or when `signal` is given. */
  more(signal: AbortSignal): Promise<void> {
    return this.bell.wait(signal);
  }

  wantAll(slots: SlotSet): void {
    this.pending.addAll(slots);
    this.bell.ring();
  }

  /** Those of `calls` that changed since the last refresh. */
  want(calls: Iterable<Call>): void {
    for (const { revision, slot } of calls) if (revision > this.told) this.pending.add(slot);
    this.bell.ring();
  }

  close(): void {
    this.onClose();
  }
}
