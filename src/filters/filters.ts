/**
 * The filters of the node: what hunters are to select packets by. `FilterStore` keeps the set and its
 * file, `Distribution` brings it to the hunters; this wires the two.
 */
import { resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Events } from "../telemetry/events.ts";
import { Distribution, type DistributionOptions } from "./distribution.ts";
import type { FilterSet } from "./filter.ts";
import { FilterStore } from "./filter-store.ts";

export interface FiltersOptions extends Omit<DistributionOptions, "filters"> {
  /** The file; "" keeps the filters in memory alone. */
  readonly path: string;
  readonly events: Events;
  readonly clock: Clock;
}

export class Filters {
  /** As it is at any time. */
  readonly set: FilterSet;
  readonly distribution: Distribution;
  readonly store: FilterStore;

  constructor({ path, events, clock, capabilitiesOf, evict }: FiltersOptions) {
    this.store = new FilterStore({
      path: path === "" ? "" : resolve(path),
      events,
      clock,
      publish: (changes) => this.distribution.publish(changes),
    });
    this.set = this.store.filters;
    this.distribution = new Distribution({ filters: this.set, clock, capabilitiesOf, evict });
  }

  /** Reads the file, and follows it from then on. A broken one is no reason not to start. */
  async start(): Promise<void> {
    await this.store.load();
    this.store.follow();
  }

  stop(): void {
    this.store.close();
  }
}
