/** A store of filters on a file of its own, and what it says and tells. */
import { afterEach } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { WeirError } from "../../../src/base/errors.ts";
import type { FilterChange, FilterSet } from "../../../src/filters/filter.ts";
import { FilterStore } from "../../../src/filters/filter-store.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const end of opened.splice(0)) end();
});

export class Bench {
  readonly filters: FilterSet;
  readonly changes: FilterChange[] = [];
  readonly lines: string[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), "weir-filters-"));
  readonly path: string;
  /** Of the last good filters. */
  readonly copy: string;
  readonly store: FilterStore;

  constructor(path = "filters.yaml") {
    this.path = path === "" ? "" : join(this.directory, path);
    this.copy = join(dirname(this.path), `.${basename(this.path)}.good`);
    this.store = new FilterStore({
      path: this.path,
      events: createEvents(
        createLog({ level: "info", format: "text", write: (line) => this.lines.push(line) }),
      ),
      clock: systemClock,
      publish: (changes) => {
        this.changes.push(...changes);
        return changes.length;
      },
    });
    this.filters = this.store.filters;
  }

  /** Follows the file, as the node does. */
  watch(): this {
    this.store.follow();
    opened.push(() => this.store.close());
    return this;
  }

  get ids(): string[] {
    return [...this.filters.values()].map(({ id }) => id).toSorted();
  }

  get content(): string {
    return readFileSync(this.path, "utf8");
  }

  write(text: string): void {
    writeFileSync(this.path, text);
  }
}

export function entry(id: string, pattern = "x"): string {
  return `  - id: ${id}\n    type: codec\n    pattern: ${pattern}\n    enabled: true\n`;
}

export function fileOf(...ids: string[]): string {
  return `# mine\nfilters:\n${ids.map((id) => entry(id)).join("")}`;
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return error instanceof WeirError ? error.code : String(error);
  }
}
