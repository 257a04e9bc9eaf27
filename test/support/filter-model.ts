/** What an existing hunter makes of the filters that it is told (docs/wire.md#filters-on-a-hunter). */
import {
  type FilterUpdate,
  FilterUpdateType,
  type Filter as WireFilter,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";

export class FilterModel {
  readonly filters = new Map<string, WireFilter>();
  /** BPF updates: each begins the capture anew. */
  captureRestarts = 0;
  updates = 0;
  /** Updates that an existing hunter ignores or would crash at. */
  readonly mistakes: string[] = [];

  /** The answer to a registration replaces what the hunter had. */
  replace(filters: readonly WireFilter[]): void {
    this.filters.clear();
    for (const filter of filters) this.filters.set(filter.id, filter);
  }

  apply({ updateType, filter }: FilterUpdate): void {
    this.updates++;
    if (filter === undefined) {
      this.mistakes.push("an update without a filter");
      return;
    }
    const known = this.filters.has(filter.id);
    // Only the type that comes in says whether the capture begins anew.
    if (filter.type === 5) this.captureRestarts++;
    if (updateType === FilterUpdateType.UPDATE_ADD) {
      if (known) this.mistakes.push(`ADD of ${filter.id}, which it holds`);
      else this.filters.set(filter.id, filter);
    } else if (updateType === FilterUpdateType.UPDATE_MODIFY) {
      if (known) this.filters.set(filter.id, filter);
      else this.mistakes.push(`MODIFY of ${filter.id}, which it does not hold`);
    } else if (!this.filters.delete(filter.id)) {
      this.mistakes.push(`DELETE of ${filter.id}, which it does not hold`);
    }
  }
}
