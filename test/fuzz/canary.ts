import { check, type Fuzzer, runRounds } from "./fuzzer.ts";

/** A fuzzer that must fail: `run.ts` is believed only as long as it sees this one fail. */
export const canary: Fuzzer = {
  name: "canary",
  run(seed, rounds) {
    runRounds("canary", seed, rounds, (random, keep) => {
      const bytes = random.bytes(8);
      keep(bytes);
      check((bytes[0] as number) >= 0x40, "the first byte is below 0x40, as one in four is");
    });
  },
};
