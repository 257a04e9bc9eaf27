/** The blocks of a ring that are no packets (`ring-blocks.ts`). */
import { assert } from "../base/assert.ts";
import type { Group, ShardRing } from "./capture-writer.ts";
import { ringBlock } from "./ring-blocks.ts";

/** Takes the running totals of a hunter, as they stand in a statistics block. */
export type TakeStatistics = (
  shard: ShardRing,
  number: number,
  received: number,
  dropped: number,
) => void;

/**
 * Reads the block at `offset` and moves behind it. False when it must wait: a shard that began anew
 * gives its numbers a second time, so everything that holds the old ones is released first.
 */
export function readControlBlock(
  shard: ShardRing,
  offset: number,
  group: Group,
  released: boolean,
  take: TakeStatistics,
): boolean {
  const { reader, interfaces } = shard;
  const word = offset >>> 2;
  const type = reader.words[word] as number;
  const length = reader.words[word + 1] as number;
  if (type === ringBlock.reset) {
    if (!released || group.packets > 0) {
      group.needsRelease = true;
      return false;
    }
    interfaces.reset();
  } else if (type === ringBlock.interface) {
    interfaces.announce(reader, offset);
  } else {
    assert(type === ringBlock.statistics, `unknown block ${type.toString(16)} in a ring`);
    const { bytes } = reader;
    const number = reader.words[word + 2] as number;
    take(shard, number, bytes.readDoubleLE(offset + 16), bytes.readDoubleLE(offset + 24));
  }
  reader.position += length;
  group.ringBytes += length;
  return true;
}
