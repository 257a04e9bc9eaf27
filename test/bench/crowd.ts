/** Many hunters and live views at once, and questions while the node is busy. */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ManagementClient } from "../support/management-client.ts";
import { packetsPerBatch, writeBody } from "./body.ts";
import { settled, watch } from "./live.ts";
import { memoryMegabytes } from "./load.ts";
import { job, print, scratch, start, stop, summary } from "./node.ts";

const hunters = 100;
const views = 100;
const batchesEach = 500;

/** 100 hunters and 100 live views, detection and recording on, 3.2 million packets. */
export async function crowd(): Promise<void> {
  const body = join(scratch, "crowd.bin");
  writeBody(body, batchesEach);
  const { node, path } = await start(1);
  const readers = await watch(node, views);
  const begun = performance.now();
  const sender = Bun.spawn(
    [process.execPath, join(import.meta.dir, "crowd-hunters.ts"), node.address, body, "100"],
    { stdout: "pipe", stderr: "inherit" },
  );
  const { acknowledged } = JSON.parse(await new Response(sender.stdout).text());
  const seconds = (performance.now() - begun) / 1000;
  const got = await settled(node, views);
  const { peak } = await memoryMegabytes(node.pid);
  await readers.stop();
  const stopped = await stop(node);
  const size = statSync(path).size;
  rmSync(path);
  const sent = got.reduce((sum, view) => sum + view.sent, 0);
  const all = hunters * batchesEach;
  print(`${hunters} hunters and ${views} live views at once, ${all * packetsPerBatch} packets`);
  print(`  acknowledged     ${acknowledged} of ${all} batches in ${seconds.toFixed(1)} s`);
  print(`  recorded         ${stopped.written} of ${stopped.acknowledged} acknowledged packets`);
  print(`                   ${(size / 1e9).toFixed(1)} GB`);
  print(`  live views       ${(sent / views / (all / 100)).toFixed(1)} % of the batches each`);
  print(`  peak memory      ${peak.toFixed(0)} MB      (under 512)\n`);
}

/** GetHunterStatus, one after the other, while the load runs at full speed. */
export async function askUnderLoad(): Promise<void> {
  const { node, path } = await start(1);
  await job(node);
  const client = new ManagementClient(node.address);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    let isRunning = true;
    const load = job(node).then(() => {
      isRunning = false;
    });
    while (isRunning) {
      const begun = performance.now();
      await client.rpcs.getHunterStatus({});
      times.push(performance.now() - begun);
    }
    await load;
  }
  client.close();
  await stop(node);
  rmSync(path);
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  print(`GetHunterStatus under the one-stream load, ${times.length} calls`);
  print(`  time             ${summary(times)} ms`);
  print(`  p99              ${p99.toFixed(1)} ms      (under 50)\n`);
}
