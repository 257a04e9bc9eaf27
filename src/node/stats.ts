/** The line of counters: periodic (`--stats`), and when somebody asks (SIGUSR1). */

import type { Clock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { limits } from "../config/limits.ts";
import type { SubscriberTotals } from "../control/subscriber-table.ts";
import { protocolName } from "../detect/registry.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import type { Roster } from "../roster/roster.ts";
import type { Events } from "../telemetry/events.ts";
import { readAccounts, type ShardTotals } from "./accounts.ts";
import { nodeEvent } from "./events.ts";

export interface StatsOptions {
  readonly board: Board;
  readonly roster: Roster;
  readonly subscribers: () => SubscriberTotals;
  readonly events: Events;
  readonly clock: Clock;
  readonly recordCapacityBytes: number;
  /** One more line per hunter that sent something, for programs that read the log. */
  readonly hunters: boolean;
}

const stateTexts: Record<number, string> = {
  [recorderState.starting]: "starting",
  [recorderState.off]: "off",
  [recorderState.recording]: "on",
  [recorderState.stalled]: "STALLED",
  [recorderState.closed]: "closed",
};

export class StatsReporter {
  private readonly options: StatsOptions;
  private lastMs: number;
  private lastReceived = 0;
  private lastBytes = 0;
  private lastByHunter = new Map<string, number>();

  constructor(options: StatsOptions) {
    this.options = options;
    this.lastMs = options.clock.monotonicMs();
  }

  report(): void {
    const { board, roster, events, clock, recordCapacityBytes } = this.options;
    const subscribers = this.options.subscribers();
    const now = clock.monotonicMs();
    const seconds = Math.max(0.001, (now - this.lastMs) / 1000);
    this.lastMs = now;
    const accounts = readAccounts(board);
    const { ingest, recorder, labels, rejected, inFlight, held, shardStreams } = accounts;
    const rate = Math.round((ingest.packetsReceived - this.lastReceived) / seconds);
    const megabytes = (ingest.bytesReceived - this.lastBytes) / seconds / 1e6;
    this.lastReceived = ingest.packetsReceived;
    this.lastBytes = ingest.bytesReceived;
    const state = Atomics.load(board.words, boardWord.recorderState);
    const recording = stateTexts[state] ?? "unknown";
    const fill = board.pendingBytes() / recordCapacityBytes;
    const streams = Atomics.load(board.words, boardWord.streams);
    events.tell(
      nodeEvent.stats,
      `${counted(ingest.packetsReceived, "packet")} received, ${rate}/s`,
      {
        hunters: roster.size,
        streams,
        ...(board.shards > 1 ? { shard_streams: shardStreams.join(" ") } : {}),
        subscribers: subscribers.open,
        subscriber_drops: subscribers.batchesDropped,
        mb_per_s: Number(megabytes.toFixed(1)),
        received: ingest.packetsReceived,
        accepted: ingest.packetsAccepted,
        rejected,
        acknowledged: ingest.packetsAcked,
        recording,
        ...(state === recorderState.off
          ? {}
          : {
              written: recorder.packetsWritten,
              in_flight: inFlight,
              held,
              ...(ingest.packetsAbandoned > 0 ? { abandoned: ingest.packetsAbandoned } : {}),
              deleted: recorder.packetsDeleted,
              queue_percent: Math.round(fill * 100),
            }),
        ...troubleFields(ingest),
        protocols: protocolText(labels),
      },
    );
    if (this.options.hunters) this.reportHunters(seconds);
  }

  private reportHunters(seconds: number): void {
    const { roster, events } = this.options;
    let lines = 0;
    const before = this.lastByHunter;
    // Made anew each time: who was forgotten and comes again starts at zero.
    this.lastByHunter = new Map();
    for (const hunter of roster.hunters()) {
      const last = before.get(hunter.id) ?? 0;
      this.lastByHunter.set(hunter.id, hunter.packets);
      if (hunter.packets === last) continue;
      if (++lines > limits.statsHuntersMax) continue;
      events.tell(nodeEvent.hunterStats, `hunter ${hunter.id}`, {
        hunter: hunter.id,
        remote: hunter.remoteAddress,
        packets: hunter.packets,
        bytes: hunter.bytes,
        packets_per_s: Math.round((hunter.packets - last) / seconds),
      });
    }
  }
}

/** What clients sent that was rejected or refused, or recorded otherwise than they sent it (docs/ingest.md). */
function troubleFields(ingest: ShardTotals): Record<string, string | number> {
  const rejectedBy = countsText({
    capture_length: ingest.rejectedCaptureLength,
    too_long: ingest.rejectedTooLong,
    link_type: ingest.rejectedLinkType,
    short_header: ingest.rejectedShortHeader,
    foreign_header: ingest.rejectedForeignHeader,
    link_types: ingest.rejectedTooManyLinkTypes,
  });
  const altered = countsText({
    times: ingest.timesClamped,
    original_lengths: ingest.originalLengthsClamped,
    interface_names: ingest.interfaceNamesRepaired,
    interfaces: ingest.interfacesOverflowed,
    strings_left_out: ingest.stringsLeftOut,
  });
  return {
    ...(rejectedBy === "" ? {} : { rejected_by: rejectedBy }),
    ...(altered === "" ? {} : { altered }),
    ...(ingest.batchesUndecodable > 0 ? { undecodable_batches: ingest.batchesUndecodable } : {}),
    ...(ingest.streamsRefused > 0 ? { refused_streams: ingest.streamsRefused } : {}),
    ...(ingest.rpcsRefused > 0 ? { refused_rpcs: ingest.rpcsRefused } : {}),
  };
}

/** `a=12 b=3` without what is zero. */
function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}=${count}`)
    .join(" ");
}

/** `HTTP=12 DNS=3`, the most frequent first. */
function protocolText(labels: readonly number[]): string {
  return labels
    .map((packets, protocol) => ({ packets, protocol }))
    .filter(({ packets, protocol }) => packets > 0 && protocol > 0)
    .sort((a, b) => b.packets - a.packets)
    .map(({ packets, protocol }) => `${protocolName(protocol)}=${packets}`)
    .join(" ");
}
