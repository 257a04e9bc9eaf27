/** Randomness that can be had again: `WEIR_SEED=<number>` repeats a run. */
import { isFullRun } from "./run-size.ts";
import { type Seeded, seeded } from "./seeded.ts";

/** Of the default run, so that nobody meets a failure there that the next run does not have. */
const fixedSeed = 1;

/** The seed, in the full run one at random, is printed, so that a failing run can be repeated. */
export function seededRandom(name: string): Seeded {
  const fallback = isFullRun ? Math.trunc(Math.random() * 2 ** 31) : fixedSeed;
  const seed = Number(process.env["WEIR_SEED"] ?? fallback);
  process.stderr.write(`${name}: WEIR_SEED=${seed}\n`);
  return seeded(seed);
}
