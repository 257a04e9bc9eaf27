import { describe, expect, test } from "bun:test";
import {
  Board,
  boardWord,
  createBoardMemory,
  protocolsMax,
  recorderCounter,
  recorderCounters,
  shardCounter,
  shardCounters,
} from "../../../src/pipeline/board.ts";

describe("the board", () => {
  test("rows do not overlap: each counter, label and position is its own", () => {
    const memory = createBoardMemory(3);
    const board = new Board(memory);
    const rows = [...board.rows, board.recorder];
    for (const [index, row] of rows.entries()) {
      row.counters.fill(1000 + index);
      row.labels.fill(2000 + index);
      row.setHead(3000 + index);
      row.setTail(4000 + index);
      row.beat();
    }
    board.words.fill(77);
    const again = new Board(memory);
    for (const [index, row] of [...again.rows, again.recorder].entries()) {
      expect([...new Set(row.counters)]).toEqual([1000 + index]);
      expect([...new Set(row.labels)]).toEqual([2000 + index]);
      expect([row.head(), row.tail(), row.beats()]).toEqual([3000 + index, 4000 + index, 1]);
      expect(row.counters.length).toBeGreaterThanOrEqual(shardCounters.length);
      expect(row.counters.length).toBeGreaterThanOrEqual(recorderCounters.length);
      expect(row.labels.length).toBe(protocolsMax);
    }
    expect(Math.max(...Object.values(boardWord))).toBeLessThan(again.words.length);
  });

  test("names and numbers of counters agree", () => {
    expect(new Set(shardCounters.map(shardCounter)).size).toBe(shardCounters.length);
    expect(new Set(recorderCounters.map(recorderCounter)).size).toBe(recorderCounters.length);
    expect(shardCounters[shardCounter("packetsAcked")]).toBe("packetsAcked");
  });

  test("positions hold more than 32 bits", () => {
    const { rows } = new Board(createBoardMemory(1));
    rows[0]?.setHead(2 ** 45 + 8);
    expect(rows[0]?.head()).toBe(2 ** 45 + 8);
  });

  test("pending bytes are summed over the shards", () => {
    const board = new Board(createBoardMemory(2));
    board.row(0).setHead(100);
    board.row(0).setTail(40);
    board.row(1).setHead(7);
    expect(board.pendingBytes()).toBe(67);
  });

  test("a bell wakes who waits, and is not lost when it rang before the wait", async () => {
    const board = new Board(createBoardMemory(1));
    const seen = Atomics.load(board.words, boardWord.shardBell);
    const wait = Atomics.waitAsync(board.words, boardWord.shardBell, seen);
    board.ring(boardWord.shardBell);
    expect(await wait.value).toBe("ok");
    expect(Atomics.waitAsync(board.words, boardWord.shardBell, seen).async).toBe(false);
  });

  test.each([
    ["", 0, 500],
    [", also when its writer is off its core in the middle of it", 5, 10],
  ])("a copy of the counters never shows half of a change%s", async (_, asleepMs, changes) => {
    const memory = createBoardMemory(1);
    const url = new URL("./board-writer.ts", import.meta.url);
    const worker = new Worker(url.href);
    const row = new Board(memory).row(0);
    const turns = new Int32Array(new SharedArrayBuffer(4));
    worker.postMessage({ memory, turns: turns.buffer, asleepMs });
    while (Atomics.load(turns, 0) === 0) await Bun.sleep(1);
    const values = new Set<number>();
    while (values.size < changes) {
      const { counters, labels } = row.read();
      const first = counters[0] as number;
      values.add(first);
      if (counters[15] !== first || labels[protocolsMax - 1] !== first) {
        throw new Error(`${first}, ${counters[15]}, ${labels[protocolsMax - 1]} in one copy`);
      }
    }
    Atomics.store(turns, 0, -1);
    worker.terminate();
  });

  test("a writer that died in the middle of a change does not stop the readers", () => {
    const { rows } = new Board(createBoardMemory(1));
    const [row] = rows;
    row?.beginWrite();
    if (row !== undefined) row.counters[0] = 5;
    expect(row?.read().counters[0]).toBe(5);
    row?.endUnfinished();
    row?.beginWrite();
    row?.endWrite();
    expect(row?.read().counters[0]).toBe(5);
  });
});
