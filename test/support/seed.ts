/** Randomness that can be had again: `WEIR_SEED=<number>` repeats a run. */
import { type Seeded, seeded } from "./seeded.ts";

/** The seed is printed, so that a failing run can be repeated. */
export function seededRandom(name: string): Seeded {
  const seed = Number(process.env["WEIR_SEED"] ?? Math.trunc(Math.random() * 2 ** 31));
  process.stderr.write(`${name}: WEIR_SEED=${seed}\n`);
  return seeded(seed);
}
