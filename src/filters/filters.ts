/**
 * The filters of the node: what hunters are to select packets by. `FilterStore` keeps the set and its
 * file, `Distribution` brings it to the hunters; this wires the two and the file's watch.
 */
import { resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import { watchFile } from "../base/file-watch.ts";
import { limits } from "../config/limits.ts";
import type { Events } from "../telemetry/events.ts";
import { Distribution, type DistributionOptions } from "./distribution.ts";
import type { Filter } from "./filter.ts";
import { FilterStore } from "./filter-store.ts";

export interface FiltersOptions extends Omit<DistributionOptions, "filters"> {
  /** The file; "" keeps the filters in memory alone. */
  readonly path: string;
  readonly events: Events;
  readonly clock: Clock;
}

export class Filters {
  readonly set: ReadonlyMap<string, Filter>;
  readonly distribution: Distribution;
  readonly store: FilterStore;
  private readonly path: string;
  private endWatch: () => void = () => {};

  constructor({ path, events, clock, capabilitiesOf, evict }: FiltersOptions) {
    const filters = new Map<string, Filter>();
    this.path = path === "" ? "" : resolve(path);
    this.set = filters;
    this.distribution = new Distribution({ filters, clock, capabilitiesOf, evict });
    this.store = new FilterStore({
      filters,
      path: this.path,
      events,
      clock,
      publish: (changes) => this.distribution.publish(changes),
    });
  }

  /** Reads the file, and follows it from then on. A broken one is no reason not to start. */
  async start(): Promise<void> {
    await this.store.load();
    if (this.path === "") return;
    const look = (): void => void this.store.refresh();
    this.endWatch = watchFile(this.path, limits.filterPollMs, look);
  }

  stop(): void {
    this.endWatch();
  }
}
