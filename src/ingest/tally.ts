/** What ingest counts, on the shard's row of the board. */
import type { Batch } from "../pipeline/batch.ts";
import { type BoardRow, shardCounter } from "../pipeline/board.ts";
import { rejection } from "../pipeline/rejection.ts";

export interface Tally {
  /** Brackets the counters of one batch, so that no reader sees half of it. */
  begin(): void;
  end(): void;
  /** @param byReason packets by rejection, index 0 = accepted */
  admitted(packets: number, bytes: number, byReason: Uint32Array): void;
  labels(batch: Batch): void;
  undecodable(bytes: number): void;
  acked(packets: number): void;
  streamOpened(): void;
  streamClosed(): void;
}

export function createTally(row: BoardRow): Tally {
  const { counters, labels } = row;
  const add = (index: number, amount: number): void => {
    counters[index] = (counters[index] as number) + amount;
  };
  const batches = shardCounter("batchesReceived");
  const bytesReceived = shardCounter("bytesReceived");
  const packetsReceived = shardCounter("packetsReceived");
  const accepted = shardCounter("packetsAccepted");
  const captureLength = shardCounter("rejectedCaptureLength");
  const tooLong = shardCounter("rejectedTooLong");
  const linkType = shardCounter("rejectedLinkType");
  const shortHeader = shardCounter("rejectedShortHeader");
  const foreignHeader = shardCounter("rejectedForeignHeader");
  const tooManyLinkTypes = shardCounter("rejectedTooManyLinkTypes");
  const undecodable = shardCounter("batchesUndecodable");
  const batchesAcked = shardCounter("batchesAcked");
  const packetsAcked = shardCounter("packetsAcked");
  const opened = shardCounter("streamsOpened");
  const closed = shardCounter("streamsClosed");
  return {
    begin: () => row.beginWrite(),
    end: () => row.endWrite(),
    admitted(packets, bytes, byReason) {
      add(batches, 1);
      add(bytesReceived, bytes);
      add(packetsReceived, packets);
      add(accepted, byReason[rejection.none] as number);
      add(captureLength, byReason[rejection.captureLength] as number);
      add(tooLong, byReason[rejection.tooLong] as number);
      add(linkType, byReason[rejection.linkType] as number);
      add(shortHeader, byReason[rejection.shortHeader] as number);
      add(foreignHeader, byReason[rejection.foreignHeader] as number);
      add(tooManyLinkTypes, byReason[rejection.tooManyLinkTypes] as number);
    },
    labels(batch) {
      const { rejections, labels: verdicts, view } = batch;
      for (let index = 0; index < view.count; index++) {
        if (rejections[index] !== 0) continue;
        const label = verdicts[index] as number;
        labels[label] = (labels[label] as number) + 1;
      }
    },
    undecodable(bytes) {
      add(undecodable, 1);
      add(bytesReceived, bytes);
    },
    acked(packets) {
      add(batchesAcked, 1);
      add(packetsAcked, packets);
    },
    streamOpened: () => add(opened, 1),
    streamClosed: () => add(closed, 1),
  };
}
