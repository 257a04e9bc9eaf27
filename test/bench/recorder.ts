/**
 * What the recorder costs, in process: gathering alone (walk and patch) with memory that is warm and
 * that is not, and the whole way to the file in groups of one batch and in large ones. Filling the rings is not timed.
 *
 *   bun test/bench/recorder.ts [directory]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { RingReader } from "../../src/pipeline/ring.ts";
import { PcapWriter } from "../../src/record/pcap-writer.ts";
import { PcapngWriter } from "../../src/record/pcapng-writer.ts";
import type { CaptureFormat } from "../../src/record/recorder-config.ts";
import { RecorderTally } from "../../src/record/recorder-tally.ts";
import { ShardInterfaces } from "../../src/record/shard-interfaces.ts";
import { createEvents } from "../../src/telemetry/events.ts";
import { createForwardingLog } from "../../src/telemetry/log.ts";
import { createFilledRings, type RingFiller } from "../support/fill-ring.ts";
import { recorderConfig, recordInProcess } from "../support/record-in-process.ts";

const packetBytes = 512;
const batchPackets = 64;
const ringBytes = 64 * 1024 * 1024;
const rounds = 5;

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "weir-bench-"));
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const data = Buffer.alloc(packetBytes, 7);

function fill(filler: RingFiller, packets: number): void {
  for (let index = 0; index < packets; index++) {
    filler.packet({ interface: 0, time: 1_700_000_000_000_000_000n + BigInt(index), bytes: data });
  }
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Nanoseconds a packet of `gather`, without writing. */
async function gathering(format: CaptureFormat, waiting: number): Promise<number> {
  const { board, memories, fillers } = createFilledRings(1, ringBytes);
  const [memory] = memories;
  const [filler] = fillers;
  if (memory === undefined || filler === undefined) return 0;
  const shard = {
    reader: new RingReader(memory, board, 0),
    row: board.row(0),
    interfaces: new ShardInterfaces(),
  };
  const context = {
    config: recorderConfig(join(directory, `gather.${format}`)),
    clock: systemClock,
    events: createEvents(createForwardingLog(() => {})),
    tally: new RecorderTally(board),
  };
  const writer =
    format === "pcapng"
      ? new PcapngWriter([shard], context, "bench")
      : new PcapWriter([shard], context);
  await writer.open();
  filler.announce(0, "hunter", "eth0", 1);
  const times: number[] = [];
  for (let round = 0; round < rounds * 40; round++) {
    fill(filler, waiting);
    filler.publish();
    let packets = 0;
    const start = performance.now();
    for (;;) {
      if (writer.needsTurn(0)) await writer.turn(0);
      const group = writer.gather(true);
      if (group.ringBytes === 0 && !writer.needsTurn(0)) break;
      packets += group.packets;
    }
    times.push(((performance.now() - start) * 1e6) / packets);
    shard.reader.release(shard.reader.position);
  }
  await writer.close();
  return median(times);
}

/** Microseconds of each batch, and megabytes of the file a second. */
async function recording(format: CaptureFormat, batches: number): Promise<[number, number]> {
  const times: number[] = [];
  const node = await recordInProcess(
    recorderConfig(join(directory, `${format}-${batches}.${format}`)),
    { ringBytes },
  );
  const [filler] = node.fillers;
  filler?.announce(0, "hunter", "eth0", 1);
  for (let round = 0; round < (batches === 1 ? 500 : rounds); round++) {
    if (filler !== undefined) fill(filler, batchPackets * batches);
    const start = performance.now();
    filler?.publish();
    // The recorder runs in this thread: turning the microtasks is what it needs.
    while (filler?.isDone() === false) await new Promise<void>((resolve) => setImmediate(resolve));
    times.push((performance.now() - start) * 1000);
  }
  await node.finish();
  const microseconds = median(times) / batches;
  return [microseconds, (batchPackets * packetBytes) / microseconds];
}

for (const format of ["pcapng", "pcap"] as const) {
  for (const waiting of [10 * batchPackets, 300 * batchPackets]) {
    const nanoseconds = (await gathering(format, waiting)).toFixed(1);
    print(`${format} gather, ${waiting} packets waiting: ${nanoseconds} ns a packet`);
  }
  for (const batches of [1, 1000]) {
    const [microseconds, megabytes] = await recording(format, batches);
    const text = `${microseconds.toFixed(1)} us a batch of ${batchPackets}, ${megabytes.toFixed(0)} MB/s`;
    print(`${format} to file, ${batches} batches waiting: ${text}`);
  }
}
rmSync(directory, { recursive: true, force: true });
