/** Changes all counters of a row together until it is told to stop; see board.test.ts. */
import { Board, type BoardMemory } from "../../../src/pipeline/board.ts";

declare const self: Worker;

interface WriterTask {
  readonly memory: BoardMemory;
  readonly turns: SharedArrayBuffer;
  /** Time off its core in the middle of each change, and between two. */
  readonly asleepMs: number;
}

self.onmessage = ({ data }: MessageEvent<WriterTask>) => {
  const row = new Board(data.memory).row(0);
  const turns = new Int32Array(data.turns);
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let value = 1; Atomics.load(turns, 0) >= 0; value++) {
    row.beginWrite();
    row.counters.fill(value);
    if (data.asleepMs > 0) Atomics.wait(asleep, 0, 0, data.asleepMs);
    row.labels.fill(value);
    row.endWrite();
    if (value === 1) Atomics.store(turns, 0, 1);
    if (data.asleepMs > 0) Atomics.wait(asleep, 0, 0, data.asleepMs);
    // Pauses, so that a reader can find the row at rest.
    for (let pause = 0; pause < 200; pause++) Atomics.load(turns, 0);
  }
};
