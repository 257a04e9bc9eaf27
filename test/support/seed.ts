/** Randomness that can be had again: `WEIR_SEED=<number>` repeats a run. */

export interface SeededRandom {
  readonly seed: number;
  /** 0 <= value < 1 */
  next(): number;
}

/** The seed is printed, so that a failing run can be repeated. */
export function seededRandom(name: string): SeededRandom {
  const seed = Number(process.env["WEIR_SEED"] ?? Math.trunc(Math.random() * 2 ** 31));
  process.stderr.write(`${name}: WEIR_SEED=${seed}\n`);
  let state = seed >>> 0;
  return {
    seed,
    next() {
      // mulberry32
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
