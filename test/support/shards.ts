/** Hunters on more than one ingest shard: the kernel spreads connections, so a test must look. */
import { MockHunter } from "./mock-hunter.ts";
import { sampled } from "./run-size.ts";
import type { LogLine, RunningProcessor } from "./weir-process.ts";

/**
 * One shard and several (`describe.each`), in every run: for tests whose subject is shards, what
 * passes between them, their shared port, their restart, or fairness between connections.
 */
export const workerCounts = [1, 3] as const;

/**
 * For tests whose subject is something else: both counts in the full run, `count` in the default
 * one. A node with three shards takes twice the time to start; 1 is what a machine with two cores has.
 */
export function sampledWorkerCounts(count: 1 | 3): (1 | 3)[] {
  return sampled("second worker counts", count === 1 ? [1, 3] : [3, 1]);
}

/** Streams of each shard that a stats line names; one entry when the node has one shard. */
export function shardStreams(line: LogLine): number[] {
  const text = line["shard_streams"];
  return typeof text === "string" ? text.split(" ").map(Number) : [Number(line["streams"])];
}

/** Shards that hold hunters at that stats line. */
export function shardsInUse(line: LogLine): number {
  return shardStreams(line).filter((streams) => streams > 0).length;
}

/**
 * Opens `count` hunters, each with its own connection, the only ones of this node. On a node with
 * several shards at least two of them hold hunters afterwards, else this throws.
 */
export async function connectAcrossShards(
  node: RunningProcessor,
  count: number,
  open: () => MockHunter = () => new MockHunter(node.address),
): Promise<MockHunter[]> {
  const hunters = Array.from({ length: count }, open);
  for (let attempt = 0; attempt < 64; attempt++) {
    const line = await streamsOpen(node, count);
    if (shardStreams(line).length === 1 || shardsInUse(line) >= 2) return hunters;
    // All are on one shard: one of them tries again.
    hunters.shift()?.close();
    await streamsOpen(node, count - 1);
    hunters.push(open());
  }
  throw new Error(`the hunters do not spread over the shards: ${node.describe()}`);
}

/** The next stats line that shows that many streams over all shards. */
function streamsOpen(node: RunningProcessor, count: number): Promise<LogLine> {
  const fits = (line: LogLine): boolean =>
    shardStreams(line).reduce((sum, streams) => sum + streams, 0) === count;
  return node.waitFor("node-stats", fits, node.lines.length);
}
