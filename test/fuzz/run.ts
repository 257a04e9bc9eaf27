/**
 * Runs fuzzers: `run.ts <name> [seed] [rounds]`, `run.ts smoke [seed]`, `run.ts canary [seed]`.
 *
 * A failure names the seed that replays it in one round, and its input is kept in the
 * directory `failures` beside this file. `smoke` gives each fuzzer a share of a few seconds and fails, too, when the
 * canary does not.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { canary } from "./canary.ts";
import { detectorsFuzzer } from "./detectors.ts";
import { dissectFuzzer } from "./dissect.ts";
import { enrichFuzzer } from "./enrich.ts";
import { envelopeFuzzer } from "./envelope.ts";
import { expressionFuzzer } from "./expression.ts";
import { filtersFuzzer } from "./filters.ts";
import { type Fuzzer, FuzzFailure } from "./fuzzer.ts";
import { layersFuzzer } from "./layers.ts";
import { packetBatchFuzzer } from "./packet-batch.ts";
import { pcapngFuzzer } from "./pcapng.ts";
import { requestsFuzzer } from "./requests.ts";

const fuzzers: readonly Fuzzer[] = [
  packetBatchFuzzer,
  layersFuzzer,
  detectorsFuzzer,
  enrichFuzzer,
  dissectFuzzer,
  pcapngFuzzer,
  expressionFuzzer,
  envelopeFuzzer,
  filtersFuzzer,
  requestsFuzzer,
];

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
  console.error(`replay: run.ts ${fuzzer.name} ${failure.seed} 1`);
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
  const seen = await failureOf(canary, seed, roundsDefault);
  console.log(
    seen === undefined ? "canary: did not fail: the runner is blind" : "canary: failed, as it must",
  );
  return isGood && seen !== undefined;
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
if (name === "smoke") isGood = await smoke(seed);
else isGood = await runOne(fuzzer ?? usage(), seed, rounds);
process.exitCode = isGood ? 0 : 1;
