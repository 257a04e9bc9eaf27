/**
 * Striped counters, a stripe for each shard, which writes its own alone and reads those of all: how much
 * of what the node bounds each client address has. The memory is fixed: an address is hashed to one of
 * `limits.addressSlots` places, so that two may share one, which a random seed keeps from being planned.
 */
import { parseAddress } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";

/** What is counted, each with the most that one address may have. */
const most = {
  connections: limits.connectionsPerAddressMax,
  /** Connections on which no RPC has begun. */
  newcomers: limits.newcomersPerAddressMax,
  streams: limits.streamsPerAddressMax,
  rpcs: limits.rpcsPerAddressMax,
} as const;

export type AddressThing = keyof typeof most;

const things = Object.keys(most) as AddressThing[];
const shardEntries = things.length * limits.addressSlots;

/** Safe to post to a worker. */
export interface AddressMemory {
  readonly shared: SharedArrayBuffer;
  readonly shards: number;
  readonly seed: number;
}

export function createAddressMemory(shards: number, random: () => number): AddressMemory {
  const shared = new SharedArrayBuffer(shards * shardEntries * 2);
  return { shared, shards, seed: Math.floor(random() * 2 ** 32) };
}

export class AddressCounts {
  private readonly shards: readonly Uint16Array[];
  private readonly own: Uint16Array;
  private readonly seed: number;

  /** Of that shard, which may be a new thread in the place of one that died: it has nothing open. */
  constructor({ shared, shards, seed }: AddressMemory, shard: number) {
    const part = (index: number) => new Uint16Array(shared, index * shardEntries * 2, shardEntries);
    this.shards = Array.from({ length: shards }, (_, index) => part(index));
    this.own = part(shard).fill(0);
    this.seed = seed;
  }

  /** The place of an address. One client has a whole /64 of IPv6 (RFC 6177), so that counts as one. */
  slotOf(address: string): number {
    const bytes = parseAddress(address) ?? new Uint8Array(0);
    const isMapped = bytes.length === 16 && address.startsWith("::ffff:");
    const counted = isMapped ? bytes.subarray(12) : bytes.subarray(0, 8);
    let hash = this.seed;
    for (const byte of counted) {
      hash = Math.imul(hash ^ byte, 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    return ((hash ^ (hash >>> 13)) >>> 0) % limits.addressSlots;
  }

  /** Counts one more; false when that address has the most of them, and then nothing was counted. */
  enter(slot: number, thing: AddressThing): boolean {
    const index = placeOf(slot, thing);
    Atomics.add(this.own, index, 1);
    let sum = 0;
    for (const counts of this.shards) sum += Atomics.load(counts, index);
    if (sum <= most[thing]) return true;
    // Two shards that do this at once may both count none; neither counts one too many.
    Atomics.sub(this.own, index, 1);
    return false;
  }

  leave(slot: number, thing: AddressThing): void {
    Atomics.sub(this.own, placeOf(slot, thing), 1);
  }
}

function placeOf(slot: number, thing: AddressThing): number {
  return things.indexOf(thing) * limits.addressSlots + slot;
}
