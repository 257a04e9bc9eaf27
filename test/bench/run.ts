/**
 * `npm run bench`: how fast, how big. Each figure stands beside a floor measured in the same run:
 * the same bytes sent over loopback TCP and discarded, plus the same bytes written to a file.
 *
 *     npm run bench                # everything, a few minutes
 *     npm run bench -- one-stream  # only these parts
 *
 * Wants h2load (Debian: apt-get install nghttp2-client).
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildIfChanged, testBinaries } from "../../scripts/build.ts";
import { startProcessor } from "../support/weir-process.ts";
import { writeBody } from "./body.ts";
import { askUnderLoad, crowd } from "./crowd.ts";
import { liveViews, stalledViews, tenthOfTheLoad } from "./live.ts";
import { memoryMegabytes } from "./load.ts";
import {
  batches,
  bodyPath,
  eighthPath,
  job,
  packets,
  print,
  scratch,
  start,
  stop,
  summary,
} from "./node.ts";
import { measureStages } from "./stages.ts";
import { stalledShard } from "./stalled-shard.ts";
import { overTls } from "./tls.ts";

const parts: Record<string, () => Promise<void>> = {
  "one-stream": oneStream,
  connections: eightConnections,
  latency: lockStep,
  memory: sixteenMillion,
  start: startTime,
  way: wholeWay,
  live: liveViews,
  tenth: tenthOfTheLoad,
  stalled: stalledViews,
  "stalled-shard": stalledShard,
  tls: overTls,
  crowd,
  ask: askUnderLoad,
};

const wanted = process.argv.slice(2);
if (Bun.which("h2load") === null) {
  print("npm run bench wants h2load as its client: apt-get install nghttp2-client");
  process.exit(2);
}
for (const options of testBinaries) await buildIfChanged(options);
try {
  const size = writeBody(bodyPath, batches);
  writeBody(eighthPath, batches / 8);
  print(`${packets} packets of 512 B in batches of 64: ${(size / 1e6).toFixed(0)} MB\n`);
  for (const [name, measure] of Object.entries(parts)) {
    if (wanted.length === 0 || wanted.includes(name)) await measure();
  }
} finally {
  rmSync(scratch, { recursive: true });
}

/** Seven pairs of floor and job, detection and pcapng recording on. */
async function oneStream(): Promise<void> {
  const rows: { floor: number; seconds: number; cpu: number }[] = [];
  const { node, path } = await start(1);
  await job(node); // warm
  for (let pair = 0; pair < 7; pair++) {
    const floor = await measureFloor();
    rows.push({ floor, ...(await job(node)) });
  }
  const memory = await memoryMegabytes(node.pid);
  const stopped = await stop(node);
  rmSync(path);
  const ratios = rows.map((row) => row.seconds / row.floor);
  print("one stream, detection and recording on, 7 pairs");
  print(`  time             ${summary(rows.map((row) => row.seconds))} s`);
  print(`  floor            ${summary(rows.map((row) => row.floor))} s`);
  print(`  time / floor     ${summary(ratios)}      (at most 4)`);
  print(`  CPU              ${summary(rows.map((row) => row.cpu))} s      (under 1.5)`);
  print(`  peak memory      ${memory.peak.toFixed(0)} MB      (at most 256)`);
  print(`  recorded         ${stopped.written} of ${stopped.acknowledged} acknowledged\n`);
}

/** One stream and eight connections, with one and with two shards, in one run. */
async function eightConnections(): Promise<void> {
  const rates: Record<string, number[]> = { "1 stream": [], "8, 1 shard": [], "8, 2 shards": [] };
  const peaks: number[] = [];
  for (const workers of [1, 2]) {
    const { node, path } = await start(workers);
    const column = workers === 1 ? "8, 1 shard" : "8, 2 shards";
    await job(node);
    for (let round = 0; round < 7; round++) {
      if (workers === 1) rates["1 stream"]?.push(packets / (await job(node)).seconds);
      rates[column]?.push(packets / (await job(node, eighthPath, 8)).seconds);
    }
    peaks.push((await memoryMegabytes(node.pid)).peak);
    await stop(node);
    rmSync(path);
  }
  print("packets a second, 7 rounds each");
  for (const [name, values] of Object.entries(rates)) {
    const thousands = values.map((value) => value / 1000);
    print(`  ${name.padEnd(16)} ${summary(thousands, 0)} thousand`);
  }
  print(`  peak memory      ${Math.max(...peaks).toFixed(0)} MB      (at most 256)\n`);
}

/** One batch at a time on an idle node. */
async function lockStep(): Promise<void> {
  const medians: number[] = [];
  let p99 = 0;
  for (const ack of ["written", "synced"]) {
    const { node, path } = await start(1, ["--ack", ack]);
    for (let round = 0; round < 3; round++) {
      const child = Bun.spawn(
        [process.execPath, join(import.meta.dir, "lock-step.ts"), node.address, eighthPath, "1000"],
        { stdout: "pipe", stderr: "inherit" },
      );
      const result = JSON.parse(await new Response(child.stdout).text());
      medians.push(result.median);
      p99 = Math.max(p99, result.p99);
    }
    await stop(node);
    rmSync(path);
    const bound = ack === "written" ? "      (median under 2)" : "";
    print(`ack of a batch in lock-step, --ack ${ack}, 3 x 1000`);
    print(`  median           ${summary(medians.splice(0))} ms${bound}`);
    print(`  worst p99        ${p99.toFixed(2)} ms\n`);
    p99 = 0;
  }
}

/** Memory over 16 million packets. */
async function sixteenMillion(): Promise<void> {
  const { node, path } = await start(1);
  const steps: string[] = [];
  for (let round = 1; round <= 25; round++) {
    await job(node);
    if (round % 5 === 0) steps.push((await memoryMegabytes(node.pid)).now.toFixed(0));
  }
  const { peak } = await memoryMegabytes(node.pid);
  const stopped = await stop(node);
  const size = statSync(path).size;
  rmSync(path);
  print("memory over 16 million packets on one stream");
  print(`  after each 3.2 M ${steps.join(", ")} MB; peak ${peak.toFixed(0)} MB      (at most 256)`);
  print(`  recorded         ${stopped.written} packets, ${(size / 1e9).toFixed(1)} GB\n`);
}

async function startTime(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const begun = performance.now();
    const { node, path } = await start(1);
    times.push(performance.now() - begun);
    await stop(node);
    rmSync(path);
  }
  print("from exec to listening, recording on, 9 starts");
  print(`  time             ${summary(times, 0)} ms      (at most 250)\n`);
}

/** What a batch costs on its way: CPU of the whole node with stages switched on, and each stage alone. */
async function wholeWay(): Promise<void> {
  const variants: [string, string[]][] = [
    ["transport, walk, acks", ["--no-enable-detection"]],
    ["+ detection", []],
    ["+ recording", ["--no-enable-detection", "-w", join(scratch, "way.pcapng")]],
    ["+ both", ["-w", join(scratch, "way.pcapng")]],
  ];
  print("CPU of the node, and time, for 640,000 packets on one stream, 5 rounds");
  for (const [name, args] of variants) {
    const node = await startProcessor(["--workers", "1", "--no-stats", ...args], {
      binary: "processor",
    });
    await job(node);
    const rows = [];
    for (let round = 0; round < 5; round++) rows.push(await job(node));
    await stop(node);
    rmSync(join(scratch, "way.pcapng"), { force: true });
    const cpu = summary(rows.map((row) => row.cpu));
    print(`  ${name.padEnd(24)} ${cpu} s CPU, ${summary(rows.map((row) => row.seconds))} s`);
  }
  print("one stage alone, warm, ns a packet");
  for (const { stage, nanoseconds } of measureStages(eighthPath)) {
    print(`  ${stage.padEnd(24)} ${nanoseconds.toFixed(0)}`);
  }
  print("");
}

async function measureFloor(): Promise<number> {
  const out = join(scratch, "floor.out");
  const script = join(import.meta.dir, "floor.mjs");
  const child = Bun.spawn(["node", script, "receive", bodyPath, out], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  const [transport = 0, file = 0] = text.trim().split(" ").map(Number);
  return transport + file;
}
