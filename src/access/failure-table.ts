/**
 * Lock-free hash table with LRU buckets: which addresses showed wrong API keys lately, over all
 * shards, at most `limits.accessFailuresMax` within any `limits.accessFailureWindowMs`. The memory is
 * shared and fixed; an entry is one 64-bit word, changed by compare-and-swap. In a full bucket the
 * entry that failed longest ago makes room.
 *
 * Of an address only a keyed hash is kept: 32 bits choose the bucket, 32 are stored. IPv6 is taken by
 * its /64, which is what one customer has.
 */
import { createHmac, randomBytes } from "node:crypto";
import { parseAddress } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";

/** What all threads get; safe to post to a worker. */
export interface FailureMemory {
  readonly shared: SharedArrayBuffer;
  /** Made anew at each start, so that nobody can choose addresses that share an entry. */
  readonly secret: Uint8Array;
}

const bucketEntries = 8;
const buckets = limits.accessAddressesMax / bucketEntries;
/** Before the entries: the time in seconds, written by control. */
const headWords = 1;

/** An entry: 32 bits of the hash, 28 of the second of the last failure, 4 of their number. */
const countBits = 4n;
const secondBits = 28n;
const windowSeconds = Math.ceil(limits.accessFailureWindowMs / 1000);

export function createFailureMemory(): FailureMemory {
  const words = headWords + limits.accessAddressesMax;
  return { shared: new SharedArrayBuffer(words * 8), secret: new Uint8Array(randomBytes(32)) };
}

export class FailureTable {
  private readonly words: BigInt64Array;
  private readonly secret: Uint8Array;

  constructor({ shared, secret }: FailureMemory) {
    this.words = new BigInt64Array(shared);
    this.secret = secret;
  }

  /** Threads have no clock in common: control sets it, more often than once a second. */
  setTime(ms: number): void {
    Atomics.store(this.words, 0, BigInt(Math.floor(ms / 1000)));
  }

  /** True when the address has used up its failures. */
  isLocked(address: string): boolean {
    const { tag, first } = this.placeOf(address);
    const now = this.now();
    for (let at = first; at < first + bucketEntries; at++) {
      const entry = readEntry(Atomics.load(this.words, at));
      if (entry.tag === tag && isFresh(entry, now)) return entry.count >= limits.accessFailuresMax;
    }
    return false;
  }

  /**
   * Notes one failure.
   * @returns which one it is, from 1; `limits.accessFailuresMax` is the last that there can be, and 0
   *   says that other threads have noted that many already
   */
  add(address: string): number {
    const { tag, first } = this.placeOf(address);
    for (;;) {
      const now = this.now();
      const at = this.choose(tag, first, now);
      const before = Atomics.load(this.words, at);
      const entry = readEntry(before);
      const goesOn = entry.tag === tag && isFresh(entry, now);
      if (goesOn && entry.count >= limits.accessFailuresMax) return 0;
      const count = goesOn ? entry.count + 1 : 1;
      const after = writeEntry({ tag, second: now, count });
      if (Atomics.compareExchange(this.words, at, before, after) === before) return count;
    }
  }

  /** The address's own entry, else one whose time is over, else the one that failed longest ago. */
  private choose(tag: number, first: number, now: number): number {
    let oldest = first;
    let oldestSecond = Number.POSITIVE_INFINITY;
    for (let at = first; at < first + bucketEntries; at++) {
      const entry = readEntry(Atomics.load(this.words, at));
      if (entry.tag === tag && isFresh(entry, now)) return at;
      const second = isFresh(entry, now) ? entry.second : -1;
      if (second >= oldestSecond) continue;
      oldest = at;
      oldestSecond = second;
    }
    return oldest;
  }

  private now(): number {
    return Number(Atomics.load(this.words, 0));
  }

  private placeOf(address: string): { readonly tag: number; readonly first: number } {
    const hash = createHmac("sha256", this.secret).update(networkOf(address)).digest();
    const bucket = hash.readUInt32LE(4) % buckets;
    return { tag: hash.readUInt32LE(0), first: headWords + bucket * bucketEntries };
  }
}

interface Entry {
  readonly tag: number;
  /** Of the last failure. */
  readonly second: number;
  /** 0 in an entry that was never used. */
  readonly count: number;
}

function isFresh({ second, count }: Entry, now: number): boolean {
  return count > 0 && now - second <= windowSeconds;
}

function readEntry(word: bigint): Entry {
  return {
    tag: Number(BigInt.asUintN(32, word >> (countBits + secondBits))),
    second: Number(BigInt.asUintN(Number(secondBits), word >> countBits)),
    count: Number(BigInt.asUintN(Number(countBits), word)),
  };
}

function writeEntry({ tag, second, count }: Entry): bigint {
  const word =
    (BigInt(tag) << (countBits + secondBits)) | (BigInt(second) << countBits) | BigInt(count);
  return BigInt.asIntN(64, word);
}

/** The address, of which IPv6 counts by its first 64 bits. */
function networkOf(address: string): Uint8Array {
  const bytes = parseAddress(address.replace(/%.*$/, ""));
  if (bytes === undefined) return Buffer.from(address);
  if (bytes.length === 4) return bytes;
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  return isMapped && bytes[11] === 0xff ? bytes.subarray(12) : bytes.subarray(0, 8);
}
