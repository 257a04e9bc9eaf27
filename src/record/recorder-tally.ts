/** The recorder's counters on the shared board. */
import type { Board, RecorderCounter } from "../pipeline/board.ts";
import { recorderCounter } from "../pipeline/board.ts";

/** The recorder's counters on the board. What one call adds becomes visible together. */
export class RecorderTally {
  private readonly board: Board;

  constructor(board: Board) {
    this.board = board;
  }

  add(changes: Partial<Record<RecorderCounter, number>>): void {
    const row = this.board.recorder;
    row.beginWrite();
    for (const [name, count] of Object.entries(changes)) {
      const index = recorderCounter(name as RecorderCounter);
      row.counters[index] = (row.counters[index] as number) + count;
    }
    row.endWrite();
  }

  value(name: RecorderCounter): number {
    return this.board.recorder.counters[recorderCounter(name)] as number;
  }
}
