/** CLOCK cache (second chance, close to LRU): conversations by exact key, each with its state. */
import { keyWords, keyWordsMax } from "./conversation-key.ts";

/** Slots looked at in one search: a bound on what crafted collisions can cost. */
const searchSlotsMax = 64;
/** Words between keys: 64 bytes, a line of the processor's cache. */
const keyStride = 16;

/**
 * A bounded set of exact keys with the state of each, in typed arrays: nothing is allocated after
 * construction. Open addressing with linear probing finds an entry; when the table is full, the hand of
 * the clock takes the next entry that was not used since its last round.
 *
 * Memory: about 100 bytes an entry. Entry numbers are valid until the next `findOrAdd`.
 */
export class ConversationTable {
  /** The key to search for: fill it, then call `find` or `findOrAdd`. */
  readonly key: Uint32Array = new Uint32Array(keyWordsMax);

  /** Protocol number of the verdict, 0 = none. */
  readonly labels: Uint8Array;
  /** Packets shown to the detectors so far. */
  readonly probes: Uint8Array;
  /** `conversationFlag` bits. */
  readonly flags: Uint8Array;
  /** Detector that asked for more packets, 0 = none. */
  readonly candidates: Uint8Array;
  /** Two per entry, by direction: what the candidate noted. */
  readonly notes: Uint32Array;
  /** Two per entry, by direction: initial sequence numbers of TCP. */
  readonly sequences: Uint32Array;
  /** Number of the entry's owner, never used twice by different keys in 2^32 additions. */
  readonly serials: Uint32Array;

  readonly capacity: number;
  /** Entries in use. */
  count = 0;
  /** Entries that were given up for others, total. */
  evictions = 0;

  private readonly keys: Uint32Array;
  private readonly hashes: Uint32Array;
  private readonly isRecent: Uint8Array;
  /** Entry number + 1 by slot, 0 = free. */
  private readonly slots: Uint32Array;
  private readonly slotMask: number;
  private readonly seed: number;
  private hand = 0;
  private last = -1;
  private nextSerial = 1;

  /** `seed`: a random 32-bit number, so that collisions cannot be computed from outside. */
  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    this.seed = seed | 0;
    this.labels = new Uint8Array(capacity);
    this.probes = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.candidates = new Uint8Array(capacity);
    this.notes = new Uint32Array(capacity * 2);
    this.sequences = new Uint32Array(capacity * 2);
    this.serials = new Uint32Array(capacity);
    this.keys = new Uint32Array(capacity * keyStride);
    this.hashes = new Uint32Array(capacity);
    this.isRecent = new Uint8Array(capacity);
    const slots = 2 ** Math.ceil(Math.log2(Math.max(capacity, 2) * 2));
    this.slots = new Uint32Array(slots);
    this.slotMask = slots - 1;
  }

  /** Entry of `key`, or -1. */
  find(): number {
    if (this.last >= 0 && this.isKey(this.last)) return this.hit(this.last);
    const hash = this.hash();
    let slot = hash & this.slotMask;
    for (let step = 0; step < searchSlotsMax; step++) {
      const entry = (this.slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.hashes[entry] === hash && this.isKey(entry)) return this.hit(entry);
      slot = (slot + 1) & this.slotMask;
    }
    return -1;
  }

  /** Entry of `key`, added with blank state when it is new, at the cost of another when full. */
  findOrAdd(): number {
    if (this.last >= 0 && this.isKey(this.last)) return this.hit(this.last);
    const hash = this.hash();
    let slot = hash & this.slotMask;
    let entry = -1;
    for (let step = 0; step < searchSlotsMax; step++) {
      entry = (this.slots[slot] as number) - 1;
      if (entry < 0) return this.add(hash);
      if (this.hashes[entry] === hash && this.isKey(entry)) return this.hit(entry);
      slot = (slot + 1) & this.slotMask;
    }
    // No free slot within reach: the last entry seen gives its place.
    this.evictions++;
    return this.fill(entry, hash);
  }

  /** Blank state and a new serial, for a new conversation with the same key. */
  restart(entry: number): void {
    this.labels[entry] = 0;
    this.probes[entry] = 0;
    this.flags[entry] = 0;
    this.candidates[entry] = 0;
    this.notes[entry * 2] = 0;
    this.notes[entry * 2 + 1] = 0;
    this.sequences[entry * 2] = 0;
    this.sequences[entry * 2 + 1] = 0;
    this.serials[entry] = this.nextSerial++;
  }

  private hit(entry: number): number {
    this.isRecent[entry] = 1;
    this.last = entry;
    return entry;
  }

  private add(hash: number): number {
    const entry = this.count < this.capacity ? this.count++ : this.evict();
    // Eviction moves slots: only now is the free one known.
    let slot = hash & this.slotMask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.slotMask;
    this.slots[slot] = entry + 1;
    return this.fill(entry, hash);
  }

  private fill(entry: number, hash: number): number {
    this.keys.set(this.key, entry * keyStride);
    this.hashes[entry] = hash;
    this.isRecent[entry] = 0;
    this.last = entry;
    this.restart(entry);
    return entry;
  }

  private evict(): number {
    while (this.isRecent[this.hand] === 1) {
      this.isRecent[this.hand] = 0;
      this.advance();
    }
    const victim = this.hand;
    this.advance();
    this.evictions++;
    let slot = (this.hashes[victim] as number) & this.slotMask;
    while (this.slots[slot] !== victim + 1) slot = (slot + 1) & this.slotMask;
    this.removeSlot(slot);
    return victim;
  }

  private advance(): void {
    this.hand = this.hand + 1 === this.capacity ? 0 : this.hand + 1;
  }

  /** Frees a slot and moves those behind it up, so that no search ends too early. */
  private removeSlot(freed: number): void {
    const mask = this.slotMask;
    let gap = freed;
    let slot = (gap + 1) & mask;
    while (this.slots[slot] !== 0) {
      const entry = (this.slots[slot] as number) - 1;
      const home = (this.hashes[entry] as number) & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        this.slots[gap] = entry + 1;
        gap = slot;
      }
      slot = (slot + 1) & mask;
    }
    this.slots[gap] = 0;
  }

  private isKey(entry: number): boolean {
    const at = entry * keyStride;
    const key = this.key;
    const keys = this.keys;
    const words = keyWords(key, 0);
    // Ports and addresses differ most often, and stand last.
    for (let word = words - 1; word >= 0; word--) {
      if (keys[at + word] !== key[word]) return false;
    }
    return true;
  }

  private hash(): number {
    const key = this.key;
    const words = keyWords(key, 0);
    let hash = this.seed;
    for (let word = 0; word < words; word++) {
      hash = Math.imul(hash ^ (key[word] as number), 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85eb_ca77);
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}
