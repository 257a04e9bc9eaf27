/** Changes all counters of a row together until it is told to stop; see board.test.ts. */
import { Board, type BoardMemory } from "../../../src/pipeline/board.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<{ memory: BoardMemory; turns: SharedArrayBuffer }>) => {
  const row = new Board(data.memory).row(0);
  const turns = new Int32Array(data.turns);
  for (let value = 1; Atomics.load(turns, 0) >= 0; value++) {
    row.beginWrite();
    row.counters.fill(value);
    row.labels.fill(value);
    row.endWrite();
    if (value === 1) Atomics.store(turns, 0, 1);
    // Pauses, so that a reader can find the row at rest.
    for (let pause = 0; pause < 200; pause++) Atomics.load(turns, 0);
  }
};
