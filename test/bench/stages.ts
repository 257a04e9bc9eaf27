/**
 * What each stage of a batch's way costs, in nanoseconds a packet: the stages that are functions run
 * in a loop on data that is warm, as it is when it has just been received. The rest of the way is in
 * `npm run bench -- way`.
 */
import { readFileSync } from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { createDetection } from "../../src/detect/detection.ts";
import { admit } from "../../src/ingest/admission.ts";
import { LinkTypeGate } from "../../src/ingest/link-type-gate.ts";
import type { Batch } from "../../src/pipeline/batch.ts";
import { Board, createBoardMemory } from "../../src/pipeline/board.ts";
import { RingWriter } from "../../src/pipeline/ring.ts";
import { RecordSink } from "../../src/record/record-sink.ts";
import { PacketBatchView, walkPacketBatch } from "../../src/wire/packet-batch.ts";
import { packetsPerBatch } from "./body.ts";

const ringBytes = 8 * 1024 * 1024;
const messagesUsed = 20;
const rounds = 200;

export interface StageCost {
  readonly stage: string;
  readonly nanoseconds: number;
}

/** Median over seven runs of each stage. */
export function measureStages(bodyPath: string): StageCost[] {
  const messages = readMessages(readFileSync(bodyPath));
  const batch: Batch = {
    view: new PacketBatchView(),
    hunterNumber: 0,
    hunterId: "bench-hunter",
    rejections: new Uint8Array(1024),
    labels: new Uint8Array(1024),
  };
  const board = new Board(createBoardMemory(1));
  const row = board.row(0);
  const ring = new RingWriter(new SharedArrayBuffer(ringBytes), board, 0, ringBytes);
  const sink = new RecordSink(ring, row, systemClock);
  const detection = createDetection();
  const gate = new LinkTypeGate();
  const walk = (message: Buffer) => walkPacketBatch(batch.view, message, message.length);
  const steps: [string, (message: Buffer) => void][] = [
    ["walk", walk],
    ["admit", () => admit(batch, gate)],
    ["detect", () => detection.inspect(batch)],
    [
      "format",
      () => {
        sink.offer(batch, 0);
        row.setTail(ring.position);
      },
    ],
  ];
  // Each stage needs what those before it left in the batch: the way up to it is run and subtracted.
  let before = 0;
  return steps.map(([stage], index) => {
    const until = steps.slice(0, index + 1).map(([, step]) => step);
    const total = medianNanoseconds(messages, until);
    const nanoseconds = total - before;
    before = total;
    return { stage, nanoseconds };
  });
}

function medianNanoseconds(messages: Buffer[], steps: ((message: Buffer) => void)[]): number {
  const results: number[] = [];
  for (let run = 0; run < 8; run++) {
    const begun = performance.now();
    for (let round = 0; round < rounds; round++) {
      for (const message of messages) for (const step of steps) step(message);
    }
    const packets = rounds * messages.length * packetsPerBatch;
    // The first run only warms up.
    if (run > 0) results.push(((performance.now() - begun) * 1e6) / packets);
  }
  return results.sort((a, b) => a - b)[3] ?? 0;
}

function readMessages(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length && messages.length < messagesUsed; ) {
    const length = body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
}
