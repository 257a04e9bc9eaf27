/**
 * The hunters that this node knows, by our clock. A hunter may register, send heartbeats, stream
 * without either, or all of it (contract.md section 9, items 3 and 7).
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";

/** Values of `lippycat.management.HunterStatus`. */
export const hunterStatus = { healthy: 0, warning: 1, error: 2, stopping: 3 } as const;

export interface RosterHunter {
  readonly id: string;
  hostname: string;
  interfaces: readonly string[];
  version: string;
  /** `address:port`, from the connection. */
  remoteAddress: string;
  registered: boolean;
  /** What it said of itself last, or `error` while it is silent. */
  status: number;
  silent: boolean;
  reported: number;
  /** Monotonic milliseconds. */
  connectedAtMs: number;
  lastSeenMs: number;
  /** Running totals of what this node received. */
  packets: number;
  bytes: number;
}

export interface Registration {
  readonly id: string;
  readonly hostname: string;
  readonly interfaces: readonly string[];
  readonly version: string;
  readonly remoteAddress: string;
}

export class Roster {
  private readonly entries = new Map<string, RosterHunter>();
  private readonly huntersMax: number;
  private readonly clock: Clock;

  /** @param huntersMax registered hunters; 0 admits nobody (contract.md section 1.4) */
  constructor(huntersMax: number, clock: Clock) {
    this.huntersMax = huntersMax;
    this.clock = clock;
  }

  get size(): number {
    return this.entries.size;
  }

  hunters(): IterableIterator<RosterHunter> {
    return this.entries.values();
  }

  /** Adds or replaces a hunter; false when the limit of hunters is reached. */
  register(registration: Registration): boolean {
    const known = this.entries.get(registration.id);
    if (known?.registered !== true && this.registered() >= this.huntersMax) return false;
    const now = this.clock.monotonicMs();
    const hunter = known ?? this.add(registration.id) ?? this.replace(registration.id);
    if (hunter === undefined) return false;
    hunter.hostname = registration.hostname;
    hunter.interfaces = registration.interfaces;
    hunter.version = registration.version;
    hunter.remoteAddress = registration.remoteAddress;
    hunter.registered = true;
    hunter.reported = hunterStatus.healthy;
    hunter.status = hunterStatus.healthy;
    hunter.silent = false;
    hunter.connectedAtMs = now;
    hunter.lastSeenMs = now;
    return true;
  }

  /** Notes a sign of life; an unknown hunter gets a record. */
  heartbeat(id: string, status: number, remoteAddress: string): void {
    const hunter = this.seen(id, remoteAddress);
    if (hunter === undefined) return;
    hunter.reported = status;
    hunter.status = status;
  }

  /** Notes what a shard received of a hunter. */
  received(id: string, packets: number, bytes: number, remoteAddress: string): void {
    const hunter = this.seen(id, remoteAddress);
    if (hunter === undefined) return;
    hunter.packets += packets;
    hunter.bytes += bytes;
  }

  /** Marks the silent ones stale and forgets those that were silent for long. */
  sweep(): void {
    const now = this.clock.monotonicMs();
    for (const hunter of this.entries.values()) {
      const silent = now - hunter.lastSeenMs;
      if (silent > limits.hunterForgetMs) this.entries.delete(hunter.id);
      else if (silent > limits.hunterStaleMs) {
        hunter.silent = true;
        hunter.status = hunterStatus.error;
      }
    }
  }

  private registered(): number {
    let count = 0;
    for (const hunter of this.entries.values()) if (hunter.registered) count++;
    return count;
  }

  private seen(id: string, remoteAddress: string): RosterHunter | undefined {
    const hunter = this.entries.get(id) ?? this.add(id);
    if (hunter === undefined) return undefined;
    hunter.lastSeenMs = this.clock.monotonicMs();
    if (hunter.silent) hunter.status = hunter.reported;
    hunter.silent = false;
    if (remoteAddress !== "") hunter.remoteAddress = remoteAddress;
    return hunter;
  }

  /** Puts a hunter in the place of the oldest that never registered: names are easily made up. */
  private replace(id: string): RosterHunter | undefined {
    for (const hunter of this.entries.values()) {
      if (hunter.registered) continue;
      this.entries.delete(hunter.id);
      return this.add(id);
    }
    return undefined;
  }

  private add(id: string): RosterHunter | undefined {
    if (this.entries.size >= limits.rosterHuntersMax) return undefined;
    const now = this.clock.monotonicMs();
    const hunter: RosterHunter = {
      id,
      hostname: "",
      interfaces: [],
      version: "",
      remoteAddress: "",
      registered: false,
      status: hunterStatus.healthy,
      silent: false,
      reported: hunterStatus.healthy,
      connectedAtMs: now,
      lastSeenMs: now,
      packets: 0,
      bytes: 0,
    };
    this.entries.set(id, hunter);
    return hunter;
  }
}
