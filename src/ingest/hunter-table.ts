/** The hunters of one shard: their numbers, and what they sent since control last asked. */
import { limits } from "../config/limits.ts";

export interface HunterEntry {
  readonly id: string;
  /** Within this shard, never reused. */
  readonly number: number;
  /** Since the last `takeReport`. */
  packets: number;
  bytes: number;
  batches: number;
  /** `address:port` that it was last seen at. */
  peer: string;
}

/** What one hunter sent in one reporting interval. */
export interface HunterReport {
  readonly id: string;
  readonly packets: number;
  readonly bytes: number;
  readonly batches: number;
  readonly peer: string;
}

export class HunterTable {
  private readonly entries = new Map<string, HunterEntry>();
  private active = new Set<HunterEntry>();
  private created = 0;

  find(id: string): HunterEntry {
    const known = this.entries.get(id);
    if (known !== undefined) {
      // Keeps the order by last use, for the ceiling below.
      this.entries.delete(id);
      this.entries.set(id, known);
      return known;
    }
    if (this.entries.size >= limits.huntersPerShardMax) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    const entry: HunterEntry = {
      id,
      number: this.created++,
      packets: 0,
      bytes: 0,
      batches: 0,
      peer: "",
    };
    this.entries.set(id, entry);
    return entry;
  }

  count(entry: HunterEntry, packets: number, bytes: number, peer: string): void {
    entry.peer = peer;
    entry.packets += packets;
    entry.bytes += bytes;
    entry.batches++;
    // More than that in one interval are made-up names; the shard's own counters have them all.
    if (this.active.size < limits.huntersPerShardMax) this.active.add(entry);
  }

  /** Reports of the hunters that sent something since the last call, and starts again at zero. */
  takeReport(): HunterReport[] {
    const reports: HunterReport[] = [];
    for (const entry of this.active) {
      const { id, packets, bytes, batches, peer } = entry;
      reports.push({ id, packets, bytes, batches, peer });
      entry.packets = 0;
      entry.bytes = 0;
      entry.batches = 0;
    }
    this.active = new Set();
    return reports;
  }
}
