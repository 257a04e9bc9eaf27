/**
 * Brings the filters to the hunters (docs/wire.md#distribution): one
 * view for each subscription, and one for each hunter that has registered and not subscribed yet.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import { filterSize } from "./encoded-size.ts";
import type { Filter, FilterChange, FilterSet } from "./filter.ts";
import { typesSupported } from "./filter-types.ts";
import { type FilterStep, HunterView, isBpf, isFor } from "./hunter-view.ts";

export interface DistributionOptions {
  /** The set, as it is at any time. */
  readonly filters: FilterSet;
  readonly clock: Clock;
  /** What a hunter said it supports when it registered; undefined when it said nothing. */
  readonly capabilitiesOf: (hunterId: string) => readonly string[] | undefined;
  /** Ends the packet streams of a hunter whose filter stream had to be ended. */
  readonly evict: (hunterId: string, reason: string) => void;
}

interface Registration {
  /** Undefined when it is not known any more what has changed since. */
  view: HunterView | undefined;
  readonly atMs: number;
}

/** One SubscribeFilters RPC. */
export interface Subscription {
  readonly hunterId: string;
  /** What to tell the hunter, as it comes up, until `close`. One reader. */
  steps(): AsyncGenerator<FilterStep, void>;
  close(): void;
}

export class Distribution {
  private readonly options: DistributionOptions;
  private readonly registrations = new Map<string, Registration>();
  private readonly open = new Set<OpenSubscription>();

  constructor(options: DistributionOptions) {
    this.options = options;
  }

  /** How many are open. */
  get subscriptions(): number {
    return this.open.size;
  }

  /** The filters for a hunter, in no particular order; disabled ones are for nobody. */
  filtersFor(hunterId: string): Filter[] {
    const { filters, capabilitiesOf } = this.options;
    const types = typesSupported(capabilitiesOf(hunterId));
    return [...filters.values()].filter((filter) => isFor(filter, hunterId, types));
  }

  /**
   * The filters to answer a registration with. BPF filters come with the subscription, since hunters
   * do not begin to capture anew for this answer; so do those that would make it too long.
   */
  register(hunterId: string): Filter[] {
    const { filters, clock, capabilitiesOf } = this.options;
    const view = new HunterView(hunterId, typesSupported(capabilitiesOf(hunterId)), filters);
    const given: Filter[] = [];
    let bytes = 0;
    for (const filter of filters.values()) {
      if (isBpf(filter) || !isFor(filter, hunterId, view.types)) continue;
      bytes += filterSize(filter);
      if (bytes <= limits.registrationFiltersBytesMax) given.push(filter);
      else view.owe(filter);
    }
    this.registrations.delete(hunterId);
    this.registrations.set(hunterId, { view, atMs: clock.monotonicMs() });
    const [oldest] = this.registrations.keys();
    if (this.registrations.size > limits.rosterHuntersMax && oldest !== undefined) {
      this.registrations.delete(oldest);
    }
    return given;
  }

  /**
   * @param onStuck called when the hunter takes nothing for too long
   * @returns undefined when the hunter has to register anew before it can be told anything
   */
  subscribe(hunterId: string, onStuck: (reason: string) => void): Subscription | undefined {
    const { filters, capabilitiesOf, clock } = this.options;
    const registration = this.registrations.get(hunterId);
    this.registrations.delete(hunterId);
    const registered = registration?.view;
    if (registration !== undefined && registered === undefined) return undefined;
    const view =
      registered ?? new HunterView(hunterId, typesSupported(capabilitiesOf(hunterId)), filters);
    for (const filter of filters.values()) {
      if (registered === undefined || isBpf(filter)) view.owe(filter);
    }
    const subscription = new OpenSubscription(view, clock, onStuck, () => {
      this.open.delete(subscription);
    });
    this.open.add(subscription);
    this.relieve();
    return subscription;
  }

  /** Lets hunters know of changes; the number of those that are told. */
  publish(changes: readonly FilterChange[]): number {
    for (const { view } of this.registrations.values()) {
      for (const change of changes) {
        view?.note(change, change.before === undefined || !isBpf(change.before));
      }
    }
    const told = new Set<string>();
    for (const subscription of this.open) {
      if (subscription.publish(changes)) told.add(subscription.hunterId);
    }
    this.relieve();
    return told.size;
  }

  /** Ends what is stuck and forgets who registered and went away. To be called every few seconds. */
  sweep(): void {
    const now = this.options.clock.monotonicMs();
    for (const registration of this.registrations.values()) {
      if (now - registration.atMs > limits.hunterForgetMs) registration.view = undefined;
    }
    const seconds = limits.filterStuckMs / 1000;
    for (const subscription of this.open) {
      if (now - subscription.offeredAtMs <= limits.filterStuckMs) continue;
      this.end(subscription, `the hunter took no filter update for ${seconds} s`);
    }
  }

  /** Whoever has most waiting gets all of it in the answer to a new registration, for less. */
  private relieve(): void {
    let waiting = 0;
    for (const { view } of this.registrations.values()) waiting += view?.waiting ?? 0;
    for (const { view } of this.open) waiting += view.waiting;
    if (waiting <= limits.filterUpdatesWaitingMax) return;
    for (const registration of this.registrations.values()) registration.view = undefined;
    const most = [...this.open].sort((a, b) => b.view.waiting - a.view.waiting);
    waiting = most.reduce((sum, { view }) => sum + view.waiting, 0);
    for (const subscription of most) {
      if (waiting <= limits.filterUpdatesWaitingMax) return;
      waiting -= subscription.view.waiting;
      this.end(subscription, "too many filter updates wait for the hunter");
    }
  }

  private end(subscription: OpenSubscription, reason: string): void {
    subscription.close();
    subscription.onStuck(reason);
    this.options.evict(subscription.hunterId, reason);
  }
}

class OpenSubscription implements Subscription {
  readonly view: HunterView;
  readonly onStuck: (reason: string) => void;
  /** Since when a step is waiting to be taken; infinite while none is. */
  offeredAtMs = Number.POSITIVE_INFINITY;
  private readonly clock: Clock;
  private readonly onClose: () => void;
  private closed = false;
  private wake: (() => void) | undefined = undefined;

  constructor(
    view: HunterView,
    clock: Clock,
    onStuck: (reason: string) => void,
    onClose: () => void,
  ) {
    this.view = view;
    this.onStuck = onStuck;
    this.clock = clock;
    this.onClose = onClose;
  }

  get hunterId(): string {
    return this.view.hunterId;
  }

  /** True when there is something to tell. */
  publish(changes: readonly FilterChange[]): boolean {
    let told = false;
    for (const change of changes) told = this.view.note(change) || told;
    if (told) this.wake?.();
    return told;
  }

  async *steps(): AsyncGenerator<FilterStep, void> {
    try {
      while (!this.closed) {
        const step = this.view.take();
        if (step === undefined) {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
          continue;
        }
        this.offeredAtMs = this.clock.monotonicMs();
        yield step;
        this.offeredAtMs = Number.POSITIVE_INFINITY;
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    this.closed = true;
    this.onClose();
    this.wake?.();
  }
}
