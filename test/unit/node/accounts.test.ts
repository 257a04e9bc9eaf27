import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/base/clock.ts";
import { Ingest } from "../../../src/ingest/ingest.ts";
import { readAccounts } from "../../../src/node/accounts.ts";
import {
  Board,
  type BoardRow,
  createBoardMemory,
  type RecorderCounter,
  recorderCounter,
  type ShardCounter,
  shardCounter,
} from "../../../src/pipeline/board.ts";
import { RingWriter } from "../../../src/pipeline/ring.ts";
import { RecordSink } from "../../../src/record/record-sink.ts";
import { RecorderTally } from "../../../src/record/recorder-tally.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { seeded } from "../../support/seeded.ts";
import { FakePort } from "../ingest/fake-port.ts";

const add = (row: BoardRow, name: ShardCounter, count: number): void => {
  const index = shardCounter(name);
  row.counters[index] = (row.counters[index] as number) + count;
};

describe("the accounts", () => {
  test("sum the shards and take the recorder as it is", () => {
    const board = new Board(createBoardMemory(3));
    for (const [shard, row] of board.rows.entries()) {
      add(row, "packetsReceived", 100 * (shard + 1));
      add(row, "packetsAccepted", 90 * (shard + 1));
      add(row, "rejectedCaptureLength", 5 * (shard + 1));
      add(row, "rejectedTooLong", 3 * (shard + 1));
      add(row, "rejectedLinkType", 2 * (shard + 1));
      add(row, "rejectedShortHeader", 4 * (shard + 1));
      add(row, "rejectedForeignHeader", 6 * (shard + 1));
      add(row, "rejectedTooManyLinkTypes", 7 * (shard + 1));
      add(row, "recordOffered", 80 * (shard + 1));
      add(row, "packetsAbandoned", shard);
      add(row, "packetsAcked", 50 * (shard + 1));
      row.labels[0] = 1;
      row.labels[7] = 10;
    }
    const written: RecorderCounter = "packetsWritten";
    board.recorder.counters[recorderCounter(written)] = 400;
    const accounts = readAccounts(board);
    expect(accounts.ingest).toMatchObject({ packetsReceived: 600, packetsAcked: 300 });
    expect(accounts.rejected).toBe(162);
    expect(accounts.inFlight).toBe(480 - 400);
    expect(accounts.held).toBe(540 - 480 - 3);
    expect(accounts.labels[0]).toBe(3);
    expect(accounts.labels[7]).toBe(30);
  });

  test("hold at every moment: received = accepted + rejected, accepted = written + rest", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const board = new Board(createBoardMemory(1));
      const row = board.row(0);
      const ring = new RingWriter(new SharedArrayBuffer(4096), board, 0, 4096);
      const sink = new RecordSink(ring, row, systemClock);
      const ingest = new Ingest({ board, row, sink, capacityBytes: 4096 });
      const tally = new RecorderTally(board);
      const streams = [1, 2, 3].map(() => ingest.open(new FakePort()));
      let sent = 0;
      for (let step = 0; step < 200; step++) {
        const stream = streams[random.between(0, 2)];
        if (stream?.reading === true) {
          const packets = Array.from({ length: random.between(0, 60) }, () => {
            const data = Buffer.alloc(random.between(0, 100));
            return random.between(0, 9) > 0 ? { data } : { data, linkType: 70_000 };
          });
          sent += packets.length;
          ingest.receive(
            stream,
            Buffer.from(encodeBatch({ packets })),
            encodeBatch({ packets }).length,
          );
        }
        if (random.between(0, 2) === 0) {
          // The recorder is done with everything that it can see.
          const { inFlight } = readAccounts(board);
          tally.add({ packetsWritten: inFlight });
          row.setTail(row.head());
          ingest.settle();
        }
        const { ingest: totals, recorder, rejected, inFlight, held } = readAccounts(board);
        expect(totals.packetsReceived).toBe(totals.packetsAccepted + rejected);
        expect(totals.packetsAccepted).toBe(recorder.packetsWritten + inFlight + held);
        expect(Math.min(inFlight, held)).toBeGreaterThanOrEqual(0);
        expect(totals.packetsAcked).toBeLessThanOrEqual(recorder.packetsWritten);
        expect(totals.packetsReceived).toBeLessThanOrEqual(sent);
      }
    }
  });

  test("what a shard that died had accepted and not offered is abandoned, not held", () => {
    const board = new Board(createBoardMemory(1));
    const row = board.row(0);
    add(row, "packetsAccepted", 10);
    add(row, "recordOffered", 6);
    expect(readAccounts(board).held).toBe(4);
    add(row, "packetsAbandoned", 4);
    expect(readAccounts(board).held).toBe(0);
  });
});

test("a shard that follows one that died gives back its share of connections and streams", () => {
  const board = new Board(createBoardMemory(2));
  const [one, two] = [board.row(0), board.row(1)];
  for (let count = 0; count < 5; count++) expect(board.enter(one, "streams", 10)).toBe(true);
  for (let count = 0; count < 5; count++) expect(board.enter(two, "streams", 10)).toBe(true);
  expect(board.enter(two, "streams", 10)).toBe(false);
  expect(board.enter(one, "connections", 1)).toBe(true);
  board.takeOver(one);
  for (let count = 0; count < 5; count++) expect(board.enter(one, "streams", 10)).toBe(true);
  expect(board.enter(one, "streams", 10)).toBe(false);
  expect(board.enter(one, "connections", 1)).toBe(true);
  board.leave(two, "streams");
  expect(board.enter(two, "streams", 10)).toBe(true);
});
