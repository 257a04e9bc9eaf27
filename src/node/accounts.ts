/**
 * The accounting equation (docs/architecture.md#promises, 6), read from the board:
 * received = accepted + rejected, and with recording on
 * accepted = written + in flight + held + abandoned.
 */
import type { PacketCounts } from "../control/node-status.ts";
import {
  type Board,
  boardWord,
  type RecorderCounter,
  recorderCounters,
  recorderState,
  type ShardCounter,
  shardCounter,
  shardCounters,
} from "../pipeline/board.ts";

export type ShardTotals = Record<ShardCounter, number>;
export type RecorderTotals = Record<RecorderCounter, number>;

export interface Accounts {
  /** Over all shards. */
  readonly ingest: ShardTotals;
  readonly recorder: RecorderTotals;
  /** Packets by protocol number. */
  readonly labels: readonly number[];
  readonly rejected: number;
  /** Accepted packets that are offered to the recorder and not yet written. */
  readonly inFlight: number;
  /** Accepted packets that wait for room in the recorder's queue. */
  readonly held: number;
  /** Packet streams that each shard has now. */
  readonly shardStreams: readonly number[];
}

export function readAccounts(board: Board): Accounts {
  // Acks before the recorder, the recorder before the offers: then, however the threads run
  // meanwhile, acknowledged <= written <= offered.
  const acked = [shardCounter("batchesAcked"), shardCounter("packetsAcked")] as const;
  const ackedTotals = acked.map((index) =>
    board.rows.reduce((sum, row) => sum + (row.counters[index] ?? 0), 0),
  );
  const written = board.recorder.read().counters;
  const recorder = Object.fromEntries(
    recorderCounters.map((name, index) => [name, written[index] ?? 0]),
  ) as RecorderTotals;
  const ingest = Object.fromEntries(shardCounters.map((name) => [name, 0])) as ShardTotals;
  const labels: number[] = [];
  const shardStreams: number[] = [];
  const opened = shardCounter("streamsOpened");
  const closed = shardCounter("streamsClosed");
  for (const row of board.rows) {
    const { counters, labels: shardLabels } = row.read();
    shardStreams.push((counters[opened] ?? 0) - (counters[closed] ?? 0));
    shardCounters.forEach((name, index) => {
      ingest[name] += counters[index] ?? 0;
    });
    shardLabels.forEach((count, protocol) => {
      labels[protocol] = (labels[protocol] ?? 0) + count;
    });
  }
  ingest.batchesAcked = ackedTotals[0] ?? 0;
  ingest.packetsAcked = ackedTotals[1] ?? 0;
  const rejected =
    ingest.rejectedCaptureLength +
    ingest.rejectedTooLong +
    ingest.rejectedLinkType +
    ingest.rejectedShortHeader +
    ingest.rejectedForeignHeader +
    ingest.rejectedTooManyLinkTypes;
  const inFlight = ingest.recordOffered - recorder.packetsWritten;
  const held = ingest.packetsAccepted - ingest.recordOffered - ingest.packetsAbandoned;
  return { ingest, recorder, labels, rejected, inFlight, held, shardStreams };
}

/** The same for those that ask over the network; without a recorder nothing waits for one. */
export function packetCounts(board: Board): PacketCounts {
  const { ingest, recorder, rejected, inFlight, held } = readAccounts(board);
  const off = Atomics.load(board.words, boardWord.recorderState) === recorderState.off;
  return {
    received: ingest.packetsReceived,
    accepted: ingest.packetsAccepted,
    rejected,
    acknowledged: ingest.packetsAcked,
    written: recorder.packetsWritten,
    inFlight: off ? 0 : inFlight,
    held: off ? 0 : held,
    abandoned: off ? 0 : ingest.packetsAbandoned,
    deleted: recorder.packetsDeleted,
  };
}

const received = shardCounter("packetsReceived");

/** Packets received over all shards, without waiting for a write that is under way. */
export function packetsReceived(board: Board): number {
  return board.rows.reduce((sum, { counters }) => sum + (counters[received] ?? 0), 0);
}
