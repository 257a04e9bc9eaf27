import { expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { StatsReporter } from "../../../src/node/stats.ts";
import {
  Board,
  boardWord,
  createBoardMemory,
  recorderState,
  shardCounter,
} from "../../../src/pipeline/board.ts";
import { Roster } from "../../../src/roster/roster.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createForwardingLog } from "../../../src/telemetry/log.ts";
import type { LogRecord } from "../../../src/telemetry/log-record.ts";

class Bench {
  nowMs = 0;
  readonly lines: LogRecord[] = [];
  readonly board = new Board(createBoardMemory(2));
  readonly roster: Roster;
  readonly reporter: StatsReporter;

  constructor(hunters: boolean) {
    const clock: Clock = { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 };
    this.roster = new Roster(10, clock);
    this.reporter = new StatsReporter({
      board: this.board,
      roster: this.roster,
      subscribers: () => ({ open: 3, batchesDropped: 12 }),
      events: createEvents(createForwardingLog((record) => this.lines.push(record))),
      clock,
      recordCapacityBytes: 1000,
      hunters,
    });
  }

  /** A stream that came and went. */
  receive(id: string, packets: number): void {
    const traffic = { id, packets, bytes: 10 * packets, batches: 1, peer: "x:1" };
    this.roster.received(0, { ...traffic, streams: 0, streamsEnded: 1 });
  }

  report(afterMs: number): LogRecord[] {
    this.nowMs += afterMs;
    this.lines.length = 0;
    this.reporter.report();
    return this.lines;
  }
}

test("rates are those since the line before", () => {
  const bench = new Bench(false);
  const row = bench.board.row(1);
  row.counters[shardCounter("packetsReceived")] = 500;
  row.counters[shardCounter("bytesReceived")] = 3_000_000;
  expect(bench.report(2000)[0]).toMatchObject({
    message: "500 packets received, 250/s",
    fields: { received: 500, mb_per_s: 1.5, subscribers: 3, subscriber_drops: 12 },
  });
  expect(bench.report(1000)[0]?.message).toBe("500 packets received, 0/s");
});

test("the state of recording is said as it is", () => {
  const bench = new Bench(false);
  const { words } = bench.board;
  Atomics.store(words, boardWord.recorderState, recorderState.off);
  expect(bench.report(1000)[0]?.fields).not.toHaveProperty("written");
  Atomics.store(words, boardWord.recorderState, recorderState.stalled);
  bench.board.row(0).setHead(900);
  expect(bench.report(1000)[0]?.fields).toMatchObject({ recording: "STALLED", queue_percent: 90 });
});

test("hunters are named while they send, at most so many, and one that comes anew starts at zero", () => {
  const bench = new Bench(true);
  bench.receive("a", 100);
  expect(bench.report(1000).slice(1)[0]).toMatchObject({
    event: "node-hunter-stats",
    fields: { hunter: "a", packets: 100, packets_per_s: 100 },
  });
  expect(bench.report(1000).length).toBe(1);
  bench.nowMs += limits.hunterForgetMs + limits.hunterPurgeMs;
  bench.roster.sweep();
  expect(bench.report(1000).length).toBe(1);
  bench.receive("a", 30);
  expect(bench.report(1000).slice(1)[0]?.fields).toMatchObject({ packets: 30, packets_per_s: 30 });
  for (let number = 0; number < 100; number++) bench.receive(`h${number}`, 1);
  expect(bench.report(1000).length).toBe(1 + limits.statsHuntersMax);
  expect(bench.report(1000).length).toBe(1);
});
