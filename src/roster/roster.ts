/**
 * The hunters that this node knows, by our clock. A hunter may register, send heartbeats, stream
 * without either, or all of it (docs/wire.md#checklist, 3 and 7).
 */

import type { Clock } from "../base/clock.ts";
import { peerAddress } from "../base/peer-text.ts";
import { limits } from "../config/limits.ts";
import { HunterStatus } from "../wire/gen/lippycat/management/management_pb.ts";
import {
  type HunterCounters,
  type HunterTraffic,
  newHunter,
  openRpcs,
  type Registration,
  type RosterEvent,
  type RosterHunter,
  type RosterListener,
} from "./hunter.ts";

/** Hunters by state, as they are now. */
export interface RosterTotals {
  readonly hunters: number;
  readonly healthy: number;
  readonly warning: number;
  readonly error: number;
  /** Sum of what the hunters say is active on them. */
  readonly activeFilters: number;
}

export class Roster {
  private readonly entries = new Map<string, RosterHunter>();
  private readonly huntersMax: number;
  private readonly clock: Clock;
  private readonly listeners = new Set<RosterListener>();
  /** Those with counters that no listener was told of. */
  private readonly changed = new Set<RosterHunter>();
  private purgedAtMs: number;

  /** @param huntersMax registered hunters; 0 registers none (docs/wire.md#registerhunter) */
  constructor(huntersMax: number, clock: Clock) {
    this.huntersMax = huntersMax;
    this.clock = clock;
    this.purgedAtMs = clock.monotonicMs();
  }

  get size(): number {
    return this.entries.size;
  }

  hunters(): IterableIterator<RosterHunter> {
    return this.entries.values();
  }

  find(id: string): RosterHunter | undefined {
    return this.entries.get(id);
  }

  /** Filter types that a hunter named when it registered; undefined when it named none. */
  capabilitiesOf(id: string): readonly string[] | undefined {
    return this.entries.get(id)?.capabilities?.filterTypes;
  }

  totals(): RosterTotals {
    const byStatus = [0, 0, 0, 0];
    let activeFilters = 0;
    for (const { status, counters } of this.entries.values()) {
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      activeFilters += counters?.activeFilters ?? 0;
    }
    const [healthy = 0, warning = 0, error = 0] = byStatus;
    return { hunters: this.entries.size, healthy, warning, error, activeFilters };
  }

  /** Tells `listener` what happens from now on; it must not throw. The answer takes it off again. */
  onEvent(listener: RosterListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Adds or replaces a hunter; false when the limit of hunters is reached. */
  register(registration: Registration): boolean {
    const known = this.entries.get(registration.id);
    if (known?.registered !== true && this.registered() >= this.huntersMax) return false;
    const hunter = known ?? this.add(registration.id) ?? this.replace(registration.id);
    if (hunter === undefined) return false;
    hunter.hostname = registration.hostname;
    hunter.interfaces = registration.interfaces;
    hunter.version = registration.version;
    hunter.capabilities = registration.capabilities;
    hunter.remoteAddress = registration.remoteAddress;
    hunter.registered = true;
    hunter.reported = HunterStatus.STATUS_HEALTHY;
    hunter.status = HunterStatus.STATUS_HEALTHY;
    hunter.silent = false;
    hunter.counters = undefined;
    this.touch(hunter);
    this.connect(hunter);
    return true;
  }

  /** Notes a sign of life and what the hunter says of itself; an unknown hunter gets a record. */
  heartbeat(
    id: string,
    status: HunterStatus,
    remoteAddress: string,
    counters: HunterCounters | undefined = undefined,
  ): void {
    const hunter = this.findOrAdd(id);
    if (hunter === undefined) return;
    hunter.reported = status;
    if (counters !== undefined) hunter.counters = counters;
    this.changed.add(hunter);
    this.seen(hunter, remoteAddress);
  }

  /** Notes what a shard received of a hunter. */
  received(shard: number, traffic: HunterTraffic): void {
    const { id, batches, packets, bytes, peer, streams, streamsEnded } = traffic;
    const hunter = batches > 0 ? this.findOrAdd(id) : this.entries.get(id);
    if (hunter === undefined) return;
    hunter.streams[shard] = streams;
    hunter.packets += packets;
    hunter.bytes += bytes;
    if (batches > 0) {
      if (hunter.counters === undefined) this.changed.add(hunter);
      this.seen(hunter, peer);
    }
    if (streamsEnded > 0) this.rpcEnded(hunter, "its last stream ended");
  }

  /**
   * Notes an open RPC of a hunter that is no packet stream; an unknown hunter gets a record. It is
   * not forgotten until the function that this returns is called, at the end of the RPC.
   */
  hold(id: string, remoteAddress: string): () => void {
    const hunter = this.findOrAdd(id);
    if (hunter === undefined) return () => {};
    hunter.holds++;
    this.seen(hunter, remoteAddress);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      hunter.holds--;
      this.rpcEnded(hunter, "its last stream ended");
    };
  }

  /** A shard died, and with it the streams that it had. */
  shardLost(shard: number): void {
    for (const hunter of this.entries.values()) {
      if ((hunter.streams[shard] ?? 0) === 0) continue;
      hunter.streams[shard] = 0;
      this.rpcEnded(hunter, "the ingest shard of its stream ended");
    }
  }

  /** Marks the silent, and at times forgets those that were silent for long and have no open RPC. */
  sweep(): void {
    const now = this.clock.monotonicMs();
    const purge = now - this.purgedAtMs >= limits.hunterPurgeMs;
    if (purge) this.purgedAtMs = now;
    for (const hunter of this.entries.values()) {
      const silentMs = now - hunter.lastSeenMs;
      if (silentMs <= limits.hunterStaleMs) continue;
      hunter.silent = true;
      this.setStatus(hunter, HunterStatus.STATUS_ERROR);
      if (!purge || silentMs <= limits.hunterForgetMs || openRpcs(hunter) > 0) continue;
      this.remove(hunter, `silent for ${Math.round(silentMs / 1000)} s`);
    }
  }

  /** Tells listeners whose counters are new. To be called every `limits.hunterChangedMs`. */
  tellChanges(): void {
    const changed = [...this.changed];
    this.changed.clear();
    for (const hunter of changed) this.emit({ kind: "changed", hunter });
  }

  private registered(): number {
    let count = 0;
    for (const hunter of this.entries.values()) if (hunter.registered) count++;
    return count;
  }

  private touch(hunter: RosterHunter): void {
    hunter.lastSeenMs = this.clock.monotonicMs();
    hunter.lastSeenWallMs = this.clock.wallMs();
  }

  private seen(hunter: RosterHunter, remoteAddress: string): void {
    this.touch(hunter);
    if (isElsewhere(hunter.remoteAddress, remoteAddress)) hunter.remoteAddress = remoteAddress;
    hunter.silent = false;
    if (hunter.connected) this.setStatus(hunter, hunter.reported);
    else {
      hunter.status = hunter.reported;
      this.connect(hunter);
    }
  }

  private connect(hunter: RosterHunter): void {
    hunter.connected = true;
    hunter.connectedAtMs = hunter.lastSeenMs;
    this.changed.delete(hunter);
    this.emit({ kind: "connected", hunter });
  }

  private rpcEnded(hunter: RosterHunter, reason: string): void {
    if (!hunter.connected || openRpcs(hunter) > 0) return;
    hunter.connected = false;
    this.emit({ kind: "disconnected", hunter, reason });
  }

  private setStatus(hunter: RosterHunter, newStatus: HunterStatus): void {
    const oldStatus = hunter.status;
    if (oldStatus === newStatus) return;
    hunter.status = newStatus;
    this.changed.delete(hunter);
    this.emit({ kind: "status-changed", hunter, oldStatus, newStatus });
  }

  private emit(event: RosterEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  private findOrAdd(id: string): RosterHunter | undefined {
    return this.entries.get(id) ?? this.add(id);
  }

  private add(id: string): RosterHunter | undefined {
    if (this.entries.size >= limits.rosterHuntersMax) return undefined;
    const hunter = newHunter(id);
    this.entries.set(id, hunter);
    return hunter;
  }

  /** Puts a hunter in the place of one that never registered, rather of one without open RPCs:
   * names are easily made up. */
  private replace(id: string): RosterHunter | undefined {
    let place: RosterHunter | undefined;
    for (const hunter of this.entries.values()) {
      if (hunter.registered) continue;
      place ??= hunter;
      if (openRpcs(hunter) > 0) continue;
      place = hunter;
      break;
    }
    if (place === undefined) return undefined;
    this.remove(place, "its place was needed for a hunter that registered");
    return this.add(id);
  }

  private remove(hunter: RosterHunter, reason: string): void {
    this.entries.delete(hunter.id);
    this.changed.delete(hunter);
    // Whoever still holds an RPC of this record must not tell of its end.
    hunter.connected = false;
    this.emit({ kind: "disconnected", hunter, reason });
  }
}

/** True when `now` names another host: a hunter has several connections, so ports alternate. */
function isElsewhere(before: string, now: string): boolean {
  return now !== "" && peerAddress(before) !== peerAddress(now);
}
