/**
 * How much a test does: less in `npm test`, everything in `npm test -- --full`. A file that is run
 * by itself is as small as in the first; WEIR_TEST_FULL=1 makes it whole.
 */
import { appendFileSync } from "node:fs";

export const isFullRun: boolean = process.env["WEIR_TEST_FULL"] === "1";

/**
 * `few` in the default run, `all` in the full one. What the default run leaves out is told to the
 * runner, which adds up the numbers for each `what`, a plural like "kill rounds".
 */
export function runSize(what: string, few: number, all: number): number {
  if (isFullRun) return all;
  leftOut(all - few, what);
  return few;
}

/** The first of `all` in the default run; the others are `what`, a plural like "file formats". */
export function sampled<Item>(what: string, all: readonly Item[]): Item[] {
  if (isFullRun) return [...all];
  leftOut(all.length - 1, what);
  return all.slice(0, 1);
}

/** Tells the runner that the default run leaves `count` of `what` out. */
export function leftOut(count: number, what: string): void {
  // A line is short, so that lines of files that run side by side do not mix.
  const path = process.env["WEIR_TEST_LEFT_OUT"];
  if (path !== undefined) appendFileSync(path, `${count} ${what}\n`);
}
