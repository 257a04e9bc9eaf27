/**
 * Runs fuzzers: `run.ts <name> [seed] [rounds]`, `run.ts smoke [seed]`, `run.ts canary [seed]`.
 *
 * A failure prints the command that replays it in one round, and its input is kept in the
 * directory `failures` beside this file. `smoke` fails, too, when the canary does not. Without a seed it tries the
 * seeds of this file, the same at each run; with one, and in `npm test -- --full`, which takes it at
 * random, each fuzzer runs for a moment from that seed on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isFullRun, leftOut } from "../support/run-size.ts";
import { canary } from "./canary.ts";
import { detectorsFuzzer } from "./detectors.ts";
import { dissectFuzzer } from "./dissect.ts";
import { enrichFuzzer } from "./enrich.ts";
import { envelopeFuzzer } from "./envelope.ts";
import { expressionFuzzer } from "./expression.ts";
import { filtersFuzzer } from "./filters.ts";
import { type Fuzzer, FuzzFailure } from "./fuzzer.ts";
import { hpackFuzzer, http2FramesFuzzer, http2PairFuzzer } from "./http2.ts";
import { http2DifferentialFuzzer } from "./http2-differential.ts";
import { layersFuzzer } from "./layers.ts";
import { packetBatchFuzzer } from "./packet-batch.ts";
import { pcapngFuzzer } from "./pcapng.ts";
import { requestsFuzzer } from "./requests.ts";

/** Each with the rounds that a fixed seed gets: half a second or so. */
const smokeRounds: readonly (readonly [Fuzzer, number])[] = [
  [packetBatchFuzzer, 500],
  [layersFuzzer, 2000],
  [detectorsFuzzer, 4000],
  [enrichFuzzer, 800],
  [dissectFuzzer, 2000],
  [pcapngFuzzer, 50],
  [expressionFuzzer, 800],
  [envelopeFuzzer, 1500],
  [hpackFuzzer, 2000],
  [http2FramesFuzzer, 500],
  [http2PairFuzzer, 40],
  [http2DifferentialFuzzer, 20],
  [filtersFuzzer, 200],
  [requestsFuzzer, 250],
];

const fuzzers: readonly Fuzzer[] = smokeRounds.map(([fuzzer]) => fuzzer);

/** Far apart: round n of a fuzzer has the seed + n. */
const smokeSeeds = [1, 1_000_000_007];
const smokeMsPerFuzzer = 1500;
const roundsAtOnce = 50;
const roundsDefault = 20_000;
const failuresFolder = join(import.meta.dir, "failures");

/** The failure of a fuzzer, or undefined when all rounds passed. Other errors are failures too. */
async function failureOf(
  fuzzer: Fuzzer,
  seed: number,
  rounds: number,
): Promise<FuzzFailure | undefined> {
  try {
    await fuzzer.run(seed, rounds);
    return undefined;
  } catch (error) {
    if (error instanceof FuzzFailure) return error;
    return new FuzzFailure(fuzzer.name, seed, new Uint8Array(0), error);
  }
}

function report(fuzzer: Fuzzer, failure: FuzzFailure): void {
  mkdirSync(failuresFolder, { recursive: true });
  const path = join(failuresFolder, `${fuzzer.name}-${failure.seed}.bin`);
  writeFileSync(path, failure.input);
  console.error(failure.message);
  if (failure.cause instanceof Error) console.error(failure.cause.stack);
  console.error(`replay: npm run fuzz -- ${fuzzer.name} ${failure.seed} 1`);
  console.error(`input (${failure.input.length} bytes): ${relative(process.cwd(), path)}`);
}

async function runOne(fuzzer: Fuzzer, seed: number, rounds: number): Promise<boolean> {
  const failure = await failureOf(fuzzer, seed, rounds);
  if (failure !== undefined) {
    report(fuzzer, failure);
    return false;
  }
  console.log(`${fuzzer.name}: ${rounds} rounds from seed ${seed}, no failure`);
  return true;
}

/** The same rounds each time. */
async function fixedSmoke(): Promise<boolean> {
  let isGood = true;
  for (const [fuzzer, rounds] of smokeRounds) {
    for (const seed of smokeSeeds) isGood = (await runOne(fuzzer, seed, rounds)) && isGood;
  }
  leftOut(fuzzers.length, "random fuzz seeds");
  return (await seesTheCanary(smokeSeeds[0] ?? 0)) && isGood;
}

/** As many rounds as a moment has. */
async function smoke(seed: number): Promise<boolean> {
  let isGood = true;
  for (const fuzzer of fuzzers) {
    const end = performance.now() + smokeMsPerFuzzer;
    let rounds = 0;
    let failure: FuzzFailure | undefined;
    while (failure === undefined && performance.now() < end) {
      failure = await failureOf(fuzzer, (seed + rounds) >>> 0, roundsAtOnce);
      rounds += roundsAtOnce;
    }
    if (failure === undefined) {
      console.log(`${fuzzer.name}: ${rounds} rounds from seed ${seed}, no failure`);
    } else {
      report(fuzzer, failure);
      isGood = false;
    }
  }
  return (await seesTheCanary(seed)) && isGood;
}

async function seesTheCanary(seed: number): Promise<boolean> {
  const seen = await failureOf(canary, seed, roundsDefault);
  console.log(
    seen === undefined ? "canary: did not fail: the runner is blind" : "canary: failed, as it must",
  );
  return seen !== undefined;
}

function usage(): never {
  const names = [...fuzzers.map((fuzzer) => fuzzer.name), "smoke", "canary"].join("|");
  console.error(`usage: run.ts <${names}> [seed] [rounds]`);
  process.exit(2);
}

/** A count on the command line; undefined when it is absent. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,10}$/.test(text) ? Number(text) >>> 0 : usage();
}

const [name, seedText, roundsText] = process.argv.slice(2);
const seed = numberOf(seedText) ?? Math.floor(Math.random() * 2 ** 32);
const rounds = numberOf(roundsText) ?? roundsDefault;
const fuzzer = [...fuzzers, canary].find((one) => one.name === name);
let isGood = false;
if (name === "smoke") {
  isGood = seedText === undefined && !isFullRun ? await fixedSmoke() : await smoke(seed);
} else isGood = await runOne(fuzzer ?? usage(), seed, rounds);
process.exitCode = isGood ? 0 : 1;
