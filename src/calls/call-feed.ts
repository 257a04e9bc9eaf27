/**
 * Who wants to know of calls, and what each has yet to be told: all calls at first and every
 * `limits.callRefreshMs`, between these only those that changed, each at most once every
 * `limits.callUpdateMs`. What a slow one has not been told is kept as the calls themselves: it is told
 * their last state, and never more than there are calls.
 */
import { Bell } from "../base/bell.ts";
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { Call } from "./call.ts";
import { CallTable } from "./call-table.ts";
import type { SipSighting } from "./sip-sighting.ts";

export interface CallFeedOptions {
  readonly clock: Clock;
  /** Default: `limits.callsMax`. */
  readonly callsMax?: number;
}

export class CallFeed {
  readonly table: CallTable;
  private readonly clock: Clock;
  private readonly subscriptions = new Set<CallSubscription>();
  /** Changed since the last update. */
  private readonly changed = new Set<Call>();
  private updatedAtMs: number;
  private purgedAtMs: number;

  constructor(options: CallFeedOptions) {
    const { clock } = options;
    this.clock = clock;
    this.table = new CallTable({ ...options, onForgotten: (call) => this.forget(call) });
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
    if (now - this.updatedAtMs < limits.callUpdateMs) return;
    this.updatedAtMs = now;
    for (const subscription of this.subscriptions) {
      if (now - subscription.refreshedAtMs >= limits.callRefreshMs) this.refresh(subscription);
      else subscription.want(this.changed);
    }
    this.changed.clear();
  }

  /** Undefined when there are `limits.callSubscribersMax`. The caller closes it. */
  subscribe(): CallSubscription | undefined {
    if (this.subscriptions.size >= limits.callSubscribersMax) return undefined;
    const subscription = new CallSubscription(() => this.subscriptions.delete(subscription));
    this.subscriptions.add(subscription);
    this.refresh(subscription);
    return subscription;
  }

  private refresh(subscription: CallSubscription): void {
    subscription.refreshedAtMs = this.clock.monotonicMs();
    subscription.told = 0;
    subscription.want(this.table.known());
    // What has changed before now is among them.
    subscription.told = this.table.latest;
  }

  private forget(call: Call): void {
    this.changed.delete(call);
    for (const subscription of this.subscriptions) subscription.forget(call);
  }
}

/** One client's view. */
export class CallSubscription {
  /** Changes up to this revision were in the last refresh. */
  told = 0;
  refreshedAtMs = 0;
  private readonly pending = new Set<Call>();
  private readonly bell = new Bell();
  private readonly onClose: () => void;

  constructor(onClose: () => void) {
    this.onClose = onClose;
  }

  /** The next call to tell of, as it is now. */
  next(): Call | undefined {
    for (const call of this.pending) {
      this.pending.delete(call);
      return call;
    }
    return undefined;
  }

  /** Resolves when there is something new, or when `signal` is given. */
  more(signal: AbortSignal): Promise<void> {
    return this.bell.wait(signal);
  }

  want(calls: Iterable<Call>): void {
    for (const call of calls) {
      if (call.revision > this.told && !call.isChallenge) this.pending.add(call);
    }
    if (this.pending.size > 0) this.bell.ring();
  }

  forget(call: Call): void {
    this.pending.delete(call);
  }

  close(): void {
    this.pending.clear();
    this.onClose();
  }
}
