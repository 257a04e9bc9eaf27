/** What every fuzzer is made of: a seeded generator, rounds that can be replayed, failures with input. */

/** One line of the list in `run.ts`. Throws `FuzzFailure` when a round fails. */
export interface Fuzzer {
  readonly name: string;
  run(seed: number, rounds: number): void | Promise<void>;
}

/** Names the seed that replays the failure in one round, and keeps the input that showed it. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
  readonly seed: number;
  readonly input: Uint8Array;

  constructor(fuzzer: string, seed: number, input: Uint8Array, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`${fuzzer} failed with seed ${seed}: ${text}`, { cause });
    this.seed = seed;
    this.input = input;
  }
}

/** Remembers the bytes that a round is about to try, for its failure. */
export type KeepInput = (input: Uint8Array) => void;

/** Rounds of one fuzzer: round n has the seed `seed + n`, so that a failing one runs alone. */
export function runRounds(
  fuzzer: string,
  seed: number,
  rounds: number,
  round: (random: Random, keep: KeepInput) => void,
): void {
  for (let index = 0; index < rounds; index++) {
    let input: Uint8Array = new Uint8Array(0);
    const roundSeed = (seed + index) >>> 0;
    try {
      round(new Random(roundSeed), (bytes) => {
        input = bytes;
      });
    } catch (cause) {
      throw new FuzzFailure(fuzzer, roundSeed, input, cause);
    }
  }
}

/** The same of rounds that wait for something. */
export async function runAsyncRounds(
  fuzzer: string,
  seed: number,
  rounds: number,
  round: (random: Random, keep: KeepInput) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < rounds; index++) {
    let input: Uint8Array = new Uint8Array(0);
    const roundSeed = (seed + index) >>> 0;
    try {
      await round(new Random(roundSeed), (bytes) => {
        input = bytes;
      });
    } catch (cause) {
      throw new FuzzFailure(fuzzer, roundSeed, input, cause);
    }
  }
}

/** A small generator (mulberry32): the same numbers for the same seed, everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give similar first numbers.
    this.state = Math.imul(seed ^ 0x5bd1_e995, 0x9e37_79b1) | 0;
  }

  /** A number from 0 to 2^32 - 1. */
  uint32(): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let value = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return (value ^ (value >>> 14)) >>> 0;
  }

  /** A number from 0 to `limit - 1`. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.uint32() % limit;
  }

  /** A number from `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  isChance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = this.below(256);
    return bytes;
  }

  /** A copy with a few bytes changed, cut out, put in or cut off. */
  mutate(original: Uint8Array): Uint8Array {
    let bytes: Uint8Array = original.slice();
    const changes = this.between(1, 6);
    for (let change = 0; change < changes; change++) {
      const at = this.below(bytes.length);
      const kind = this.below(10);
      if (kind < 5 && bytes.length > 0) {
        bytes[at] = kind < 3 ? this.below(256) : (bytes[at] as number) ^ (1 << this.below(8));
      } else if (kind < 7) {
        bytes = splice(bytes, at, Math.min(this.between(1, 8), bytes.length - at), []);
      } else if (kind < 9) {
        bytes = splice(bytes, at, 0, this.bytes(this.between(1, 8)));
      } else {
        bytes = bytes.slice(0, at);
      }
    }
    return bytes;
  }
}

function splice(
  bytes: Uint8Array,
  at: number,
  remove: number,
  insert: ArrayLike<number>,
): Uint8Array {
  const result = new Uint8Array(bytes.length - remove + insert.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(bytes.subarray(at + remove), at + insert.length);
  return result;
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** `bytes` at `offset` of a larger array that is filled with `filler`. */
export function surround(bytes: Uint8Array, offset: number, filler: number): Uint8Array {
  const larger = new Uint8Array(offset + bytes.length + 64).fill(filler);
  larger.set(bytes, offset);
  return larger;
}
