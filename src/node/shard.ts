/** One ingest shard, wired: door → ingest → detection → sink. Runs in `shard.worker.ts`. */

import { feature } from "bun:bundle";
import { FailureTable } from "../access/failure-table.ts";
import { Gate } from "../access/gate.ts";
import { noteRefusedRpc } from "../access/refused-rpcs.ts";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { createDetection } from "../detect/detection.ts";
import { protocolNumber } from "../detect/registry.ts";
import { Door } from "../door/door.ts";
import { statusOk } from "../grpc/grpc-status.ts";
import { Ingest } from "../ingest/ingest.ts";
import { AddressCounts } from "../pipeline/address-counts.ts";
import { Board, type BoardRow, boardWord, shardCounter } from "../pipeline/board.ts";
import { RingWriter } from "../pipeline/ring.ts";
import { discardSink, doneWhenTaken, type Sink } from "../pipeline/sink.ts";
import { RecordSink } from "../record/record-sink.ts";
import { SipTap } from "../sip-calls/sip-tap.ts";
import { createEvents } from "../telemetry/events.ts";
import { createForwardingLog } from "../telemetry/log.ts";
import { createLiveViews } from "./live-views.ts";
import { createNodeClock } from "./node-clock.ts";
import type { ShardCommand, ShardFault, ShardReport, ShardStart } from "./shard-messages.ts";

const clock = createNodeClock();
const reportIntervalMs = 250;
const slowReportIntervalMs = 1000;
const unavailable = 14;

export interface Shard {
  onCommand(command: ShardCommand): void;
}

/** Builds the shard and begins to listen; everything it has to say goes to `report`. */
export function startShard(start: ShardStart, report: (report: ShardReport) => void): Shard {
  const { config, shard } = start;
  const board = new Board(start.board);
  const row = board.row(shard);
  takeOver(board, row, start.ring !== undefined);
  let sink: Sink = discardSink;
  if (start.ring !== undefined) {
    const ring = new RingWriter(start.ring, board, shard, start.recordCapacityBytes);
    sink = new RecordSink(ring, row, clock);
    if (config.ack === "memory") sink = doneWhenTaken(sink);
  }
  const detection = config.enableDetection ? createDetection() : undefined;
  const log = createForwardingLog((record) => report({ kind: "log", record }), config.logLevel);
  const events = createEvents(log);
  const sipTap = new SipTap(protocolNumber("SIP"));
  const { subscriberBufferBatches: batchesMax, maxSubscribers } = config;
  const fanout = createLiveViews({ board, shard, row, events, batchesMax });
  const ingest = new Ingest({
    note: events.tell,
    board,
    row,
    sink,
    capacityBytes: start.recordCapacityBytes,
    ...(start.ring === undefined ? {} : { ringBytes: start.ring.byteLength }),
    ...(detection === undefined ? {} : { inspect: (batch) => detection.inspect(batch) }),
    observe: (batch) => {
      sipTap.observe(batch);
      fanout.offer(batch);
    },
  });
  const rpcsRefused = shardCounter("rpcsRefused");
  const gate = new Gate({
    rules: start.access,
    failures: new FailureTable(start.failures),
    note: (refused) => {
      row.counters[rpcsRefused] = (row.counters[rpcsRefused] as number) + 1;
      noteRefusedRpc(events, refused);
    },
  });
  const door = new Door({
    ...start.listen,
    credentials: start.credentials,
    messageBytesMax: config.messageBytesMax,
    gate,
    ingest,
    fanout,
    connectionsMax: start.connectionsMax,
    subscribersMax: maxSubscribers === 0 ? limits.subscribersMax : maxSubscribers,
    board,
    row,
    addresses: new AddressCounts(start.addresses, shard),
    control: start.tunnel,
    now: clock.monotonicMs,
    note: events.tell,
  });

  const evicted = shardCounter("conversationsEvicted");
  setInterval(() => row.beat(), limits.heartbeatMs);
  setInterval(() => {
    if (detection !== undefined) row.counters[evicted] = detection.evictions;
    const hunters = ingest.hunters.takeReport();
    if (hunters.length > 0) report({ kind: "hunters", hunters });
    const sip = sipTap.takeReport();
    if (sip !== undefined) report({ kind: "sip", ...sip });
  }, reportIntervalMs);
  setInterval(() => {
    const subscribers = fanout.takeReports();
    if (subscribers.length > 0) report({ kind: "subscribers", subscribers });
    const counts = events.takeCounts();
    if (counts !== undefined) report({ kind: "events", counts });
  }, slowReportIntervalMs);
  void settleForever(board, ingest);
  try {
    door.listen();
    report({ kind: "listening" });
  } catch (error) {
    report({ kind: "listen-failed", code: systemCode(error), message: errorText(error) });
  }

  return {
    onCommand(command) {
      switch (command.kind) {
        case "drain":
          void drain(door, ingest).then(() => report({ kind: "drained" }));
          return;
        case "credentials":
          door.setCredentials(command.credentials);
          return;
        case "access":
          gate.setRules(command.rules);
          return;
        case "peer":
          fanout.connect(command.shard, command.port);
          return;
        case "finish":
          fanout.endAll({ code: unavailable, message: "the node stops" });
          void finish(door, ingest).then(() => report({ kind: "finished" }));
          return;
        case "end-hunter":
          ingest.endHunter(command.hunterId, command.reason);
          return;
        case "fault":
          if (feature("FAULTS")) fail(command.fault);
      }
    },
  };
}

function fail(fault: ShardFault): void {
  if (fault === "stall") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * limits.threadSilenceMsMax);
    return;
  }
  if (fault === "throw") {
    setTimeout(() => {
      throw new Error("a fault was asked for");
    });
    return;
  }
  for (;;) {
    // Stands still on purpose: control must notice.
  }
}

/** Makes good what a shard that died in this place left behind. */
function takeOver(board: Board, row: BoardRow, recording: boolean): void {
  board.takeOver(row);
  const { counters } = row;
  counters[shardCounter("streamsClosed")] = counters[shardCounter("streamsOpened")] as number;
  if (!recording) return;
  const abandoned = shardCounter("packetsAbandoned");
  const accepted = counters[shardCounter("packetsAccepted")] as number;
  counters[abandoned] = accepted - (counters[shardCounter("recordOffered")] as number);
}

/** Settles whenever the recorder or another shard rings. */
async function settleForever(board: Board, ingest: Ingest): Promise<never> {
  const { words } = board;
  let seen = Atomics.load(words, boardWord.shardBell);
  for (;;) {
    const wait = Atomics.waitAsync(words, boardWord.shardBell, seen);
    if (wait.async) await wait.value;
    seen = Atomics.load(words, boardWord.shardBell);
    ingest.settle();
  }
}

/** Reads until streams are quiet for 200 ms, at most 2 s (docs/architecture.md#the-stop). */
async function drain(door: Door, ingest: Ingest): Promise<void> {
  door.closeListener();
  ingest.beginDrain();
  const begun = clock.monotonicMs();
  let received = ingest.received;
  let quietSince = begun;
  for (;;) {
    await Bun.sleep(20);
    const now = clock.monotonicMs();
    if (ingest.received !== received || door.isReceiving) {
      received = ingest.received;
      quietSince = now;
    }
    if (now - quietSince >= limits.drainQuietMs || now - begun >= limits.drainReadMsMax) break;
  }
  ingest.stopReading();
  const deadline = clock.monotonicMs() + limits.drainRecorderMsMax;
  while (!ingest.flushed && clock.monotonicMs() < deadline) {
    ingest.settle();
    await Bun.sleep(5);
  }
}

async function finish(door: Door, ingest: Ingest): Promise<void> {
  ingest.settle();
  ingest.endAll(statusOk);
  await door.close(limits.drainCloseMsMax);
}
