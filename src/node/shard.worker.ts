/** The thread of one ingest shard. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import { startShard } from "./shard.ts";
import type { ShardCommand, ShardStart } from "./shard-messages.ts";

const port = parentPort;
assert(port !== null, "shard.worker.ts runs as a worker");
const shard = startShard(workerData as ShardStart, (report) => port.postMessage(report));
port.on("message", (command: ShardCommand) => shard.onCommand(command));
