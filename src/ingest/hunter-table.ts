/** LRU table of the hunters of one shard: their numbers, and what they sent since control last asked. */
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
  /** Open streams that carry it now, and how many ended since the last `takeReport`. */
  streams: number;
  streamsEnded: number;
}

/** What one hunter sent in one reporting interval, and where it stands at its end. Plain data. */
export interface HunterReport {
  readonly id: string;
  readonly packets: number;
  readonly bytes: number;
  readonly batches: number;
  readonly peer: string;
  /** Open streams of this shard that carry it. */
  readonly streams: number;
  /** Streams that carried it and ended in the interval. */
  readonly streamsEnded: number;
}

/** The hunters that one stream is known to carry. */
export type StreamMembers = Set<HunterEntry>;

export class HunterTable {
  private readonly entries = new Map<string, HunterEntry>();
  /** Stands before the oldest entry; a new iterator would first pass all that were deleted. */
  private oldest: IterableIterator<HunterEntry> = this.entries.values();
  private active = new Set<HunterEntry>();
  private created = 0;
  private memberships = 0;

  find(id: string): HunterEntry {
    const known = this.entries.get(id);
    if (known !== undefined) {
      // Keeps the order by last use, for the ceiling below.
      this.entries.delete(id);
      this.entries.set(id, known);
      return known;
    }
    if (this.entries.size >= limits.huntersPerShardMax) this.forgetOldest();
    const entry: HunterEntry = {
      id,
      number: this.created++,
      packets: 0,
      bytes: 0,
      batches: 0,
      peer: "",
      streams: 0,
      streamsEnded: 0,
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

  /**
   * Notes that a stream carries this hunter. Beyond the limits nothing is noted: such a hunter lives
   * by its packets alone.
   */
  join(members: StreamMembers, entry: HunterEntry): void {
    if (members.has(entry) || members.size >= limits.streamHuntersMax) return;
    if (this.memberships >= limits.streamingHuntersPerShardMax) return;
    members.add(entry);
    this.memberships++;
    entry.streams++;
    this.active.add(entry);
  }

  /** The stream of these members has ended. */
  leave(members: StreamMembers): void {
    for (const entry of members) {
      entry.streams--;
      entry.streamsEnded++;
      this.active.add(entry);
    }
    this.memberships -= members.size;
    members.clear();
  }

  /** Reports of the hunters of which something is new since the last call; starts again at zero. */
  takeReport(): HunterReport[] {
    const reports: HunterReport[] = [];
    for (const entry of this.active) {
      const { id, packets, bytes, batches, peer, streams, streamsEnded } = entry;
      reports.push({ id, packets, bytes, batches, peer, streams, streamsEnded });
      entry.packets = 0;
      entry.bytes = 0;
      entry.batches = 0;
      entry.streamsEnded = 0;
    }
    this.active = new Set();
    return reports;
  }

  /**
   * Forgets the one looked up longest ago that no stream carries: an id has one entry for as long as
   * a stream is counted on it. Streams carry at most half of the table, so there is one.
   */
  private forgetOldest(): void {
    for (;;) {
      const { done, value: entry } = this.oldest.next();
      if (done === true) {
        this.oldest = this.entries.values();
        continue;
      }
      this.entries.delete(entry.id);
      if (entry.streams === 0) return;
      this.entries.set(entry.id, entry);
    }
  }
}
