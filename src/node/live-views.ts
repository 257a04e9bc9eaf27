/** The fan-out of one shard, wired: what is enriched, which packets are wanted, what is told. */
import { openBusyClock, systemClock } from "../base/clock.ts";
import { protocolCount, protocolName } from "../detect/registry.ts";
import { batchHeadBytesMax, writeBatchHead } from "../enrich/batch-head.ts";
import { Enricher } from "../enrich/enricher.ts";
import { compileExpression } from "../expression/compile-expression.ts";
import { fanoutEvent } from "../fanout/events.ts";
import { Fanout } from "../fanout/fanout.ts";
import { type Board, type BoardRow, shardCounter } from "../pipeline/board.ts";
import type { Events } from "../telemetry/events.ts";

const leftOut = shardCounter("stringsLeftOut");

export interface LiveViewsOptions {
  readonly board: Board;
  readonly shard: number;
  readonly row: BoardRow;
  readonly events: Events;
  /** Batches that may wait for each live view. */
  readonly batchesMax: number;
}

export function createLiveViews({
  board,
  shard,
  row,
  events,
  batchesMax,
}: LiveViewsOptions): Fanout {
  const protocolNames = Array.from({ length: protocolCount }, (_, number) => protocolName(number));
  const enricher = new Enricher({ protocolNames });
  const before = row.counters[leftOut] as number;
  return new Fanout({
    encoder: {
      encode(batch) {
        const packets = enricher.enrich(batch);
        row.counters[leftOut] = before + enricher.stringsLeftOut;
        return packets;
      },
      headBytesMax: batchHeadBytesMax,
      writeHead: writeBatchHead,
    },
    compile: compileExpression,
    batchesMax,
    shard,
    shards: board.shards,
    clock: systemClock,
    busyMs: openBusyClock(),
    note: (event, message, fields) => events.tell(fanoutEvent[event], message, fields),
  });
}
