/**
 * Bytes of one RPC that came while it was not read. They are copied out of what the socket gave, which
 * is much larger and can be freed at once, into blocks that are used again: a free list.
 */
import { limits } from "../config/limits.ts";

const freeBlocks: Buffer[] = [];

interface Block {
  readonly bytes: Buffer;
  /** `bytes[start..end)` is not read yet. */
  start: number;
  end: number;
}

export class Backlog {
  private readonly blocks: Block[] = [];

  get isEmpty(): boolean {
    return this.blocks.every(({ start, end }) => start === end);
  }

  /** Copies `bytes[start..end)` behind what there is. */
  append(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      let last = this.blocks.at(-1);
      if (last === undefined || last.end === last.bytes.length) {
        last = { bytes: takeBlock(), start: 0, end: 0 };
        this.blocks.push(last);
      }
      const part = Math.min(end - at, last.bytes.length - last.end);
      bytes.copy(last.bytes, last.end, at, at + part);
      last.end += part;
      at += part;
    }
  }

  /**
   * Gives the bytes to `read`, which returns how far it came. When that is not the end, it stopped, and
   * its last bytes stay as they are until the next call. The same holds when `isStopped` says so.
   */
  drain(
    read: (bytes: Buffer, start: number, end: number) => number,
    isStopped: () => boolean,
  ): void {
    for (let block = this.blocks[0]; block !== undefined; block = this.blocks[0]) {
      block.start = read(block.bytes, block.start, block.end);
      if (isStopped()) return;
      this.blocks.shift();
      giveBlock(block.bytes);
    }
  }

  /** Forgets everything. Somebody may still read the first block. */
  clear(): void {
    this.blocks.length = 0;
  }
}

function takeBlock(): Buffer {
  return freeBlocks.pop() ?? Buffer.allocUnsafeSlow(limits.backlogBlockBytes);
}

function giveBlock(block: Buffer): void {
  if (freeBlocks.length < limits.backlogFreeBlocksMax) freeBlocks.push(block);
}
