/** A fan-out over a clock that the test moves, and batches for it. */
import { setImmediate as turn } from "node:timers/promises";
import { WeirError } from "../../../src/base/errors.ts";
import { Fanout, type FanoutOptions } from "../../../src/fanout/fanout.ts";
import type { Selection } from "../../../src/fanout/selection.ts";
import type { Batch } from "../../../src/pipeline/batch.ts";
import { makeBatch } from "../../support/encode-batch.ts";
import { PlainEncoder } from "./plain-encoder.ts";

export const everything: Selection = { hunters: undefined, expression: "" };

export interface FanoutBench {
  readonly fanout: Fanout;
  readonly encoder: PlainEncoder;
  /** The clock, in milliseconds. */
  nowMs: number;
  /** What it takes to look at a packet for one expression. */
  packetMs: number;
}

export function createBench(more: Partial<FanoutOptions> = {}): FanoutBench {
  const encoder = new PlainEncoder();
  const bench = { encoder, nowMs: 0, packetMs: 0 } as {
    -readonly [Key in keyof FanoutBench]: FanoutBench[Key];
  };
  bench.fanout = new Fanout({
    encoder,
    compile(expression) {
      const size = /^less (\d+)$/.exec(expression)?.[1];
      if (size === undefined) throw new WeirError("expression", `${expression}: no expression`);
      return {
        matches(_bytes, start, end) {
          bench.nowMs += bench.packetMs;
          return end - start <= Number(size);
        },
      };
    },
    batchesMax: 100,
    shard: 0,
    shards: 1,
    clock: { monotonicMs: () => bench.nowMs, wallMs: () => bench.nowMs, random: () => 0.5 },
    // A thread that is always busy.
    busyMs: () => bench.nowMs,
    ...more,
  });
  return bench;
}

export interface BatchFields {
  readonly hunterId?: string;
  readonly sequence?: number;
  /** Bytes of each packet. */
  readonly sizes?: readonly number[];
}

export function batchOf({ hunterId = "hunter", sequence = 1, sizes = [60] }: BatchFields): Batch {
  return makeBatch({
    hunterId,
    sequence: BigInt(sequence),
    packets: sizes.map((size, number) => ({ data: new Uint8Array(size).fill(number) })),
  });
}

/** What was offered in one turn of the loop goes out behind it. */
export async function flushed(): Promise<void> {
  await turn();
  await turn();
}
