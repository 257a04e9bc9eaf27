/** What the parts of the bench share: nodes, the load, figures. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";
import { packetsPerBatch } from "./body.ts";
import { cpuSeconds, h2load, type LoadScheme } from "./load.ts";

export const batches = 10_000;
export const packets: number = batches * packetsPerBatch;
/** Taken away by run.ts in the end. */
export const scratch: string = mkdtempSync(join(tmpdir(), "weir-bench-"));
/** The load, and an eighth of it. */
export const bodyPath: string = join(scratch, "body.bin");
export const eighthPath: string = join(scratch, "eighth.bin");

/** A node that records into the scratch directory; several at a time need a name each. */
export async function start(
  workers: number,
  more: readonly string[] = [],
  name = `bench-${workers}`,
) {
  const path = join(scratch, `${name}.pcapng`);
  const args = ["-w", path, "--workers", String(workers), "--no-stats", ...more];
  return { node: await startProcessor(args, { binary: "processor" }), path };
}

/** One run of the load; waits until everything is acknowledged (h2load ends with the stream). */
export async function job(
  node: RunningProcessor,
  body = bodyPath,
  connections = 1,
  scheme: LoadScheme = "http",
) {
  const before = await cpuSeconds(node.pid);
  const load = await h2load(body, `${scheme}://${node.address}`, connections);
  const { seconds, succeeded, clientCpu } = load;
  if (succeeded !== connections) throw new Error(`${succeeded} of ${connections} streams were OK`);
  return { seconds, cpu: (await cpuSeconds(node.pid)) - before, clientCpu };
}

/** Stops the node in order; what it says in the end. */
export async function stop(node: RunningProcessor) {
  node.kill("SIGTERM");
  const { code } = await node.ended;
  const line = node.latest("node-stopped");
  if (code !== 0 || line === undefined) throw new Error(node.describe());
  return { written: Number(line["written"]), acknowledged: Number(line["acknowledged"]) };
}

/** `median (lowest to highest)`. */
export function summary(values: readonly number[], digits = 2): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => (sorted[index] ?? 0).toFixed(digits);
  return `${at(Math.floor(sorted.length / 2))} (${at(0)} to ${at(sorted.length - 1)})`;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
