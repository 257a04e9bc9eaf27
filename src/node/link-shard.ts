/** The mesh between shards: a port for each pair, through which live views get batches. */
import { MessageChannel } from "node:worker_threads";
import type { ShardThread } from "./shard-thread.ts";

/** Links a shard that has just begun to listen with all others that have a thread. */
export function linkShard(shard: number, shards: readonly ShardThread[]): void {
  const own = shards[shard];
  for (const [number, other] of shards.entries()) {
    if (own === undefined || other === own || !other.isListening) continue;
    const { port1, port2 } = new MessageChannel();
    own.link(number, port1);
    other.link(shard, port2);
  }
}
