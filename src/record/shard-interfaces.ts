/**
 * What the recorder knows of one shard's interfaces: their descriptions, and the ids that they have
 * in the section of the file that is being written.
 */
import { assert } from "../base/assert.ts";
import { escapeUnsafeDistinctly } from "../base/safe-text.ts";
import type { InterfaceDescription } from "../capture-format/pcapng-blocks.ts";
import type { RingReader } from "../pipeline/ring.ts";

/** Hunter and name are kept once, within the key: both may be long, and there may be many. */
export interface ShardInterface {
  /** The same for the same hunter, name and link type on every shard, and for no others. */
  readonly key: string;
  readonly linkType: number;
  /** Where in the key the name begins, and the hunter behind it. */
  readonly nameStart: number;
  readonly hunterStart: number;
}

/** What stands in the file: nothing that a terminal obeys, and no NUL, which ends a text for Wireshark. */
export function describe(entry: ShardInterface): InterfaceDescription {
  const { key, linkType, nameStart, hunterStart } = entry;
  // Escaped only here: an escaped text is up to six times as long, and the tables keep many.
  const name = escapeUnsafeDistinctly(key.slice(nameStart, hunterStart));
  return { linkType, name, hunterId: escapeUnsafeDistinctly(key.slice(hunterStart)) };
}

const notGiven = -1;

export class ShardInterfaces {
  /** By the shard's number: the id in this section, or -1. Read in the hot loop. */
  ids: Int32Array = new Int32Array(64).fill(notGiven);
  /** By the shard's number: the link type, or -1 while unknown. Read in the hot loop. */
  linkTypes: Int32Array = new Int32Array(64).fill(notGiven);
  private interfaces: (ShardInterface | undefined)[] = [];
  /** By id: a number of this shard that has it. */
  private readonly numbers = new Map<number, number>();

  get(number: number): ShardInterface {
    const found = this.interfaces[number];
    assert(found !== undefined, `packet of interface ${number} before its interface block`);
    return found;
  }

  /** Reads an interface block of the ring (`ring-blocks.ts`). */
  announce(ring: RingReader, offset: number): void {
    const { words, bytes } = ring;
    const word = offset >>> 2;
    const number = words[word + 2] as number;
    const linkType = words[word + 3] as number;
    const hunterOffset = offset + 24;
    const nameOffset = hunterOffset + (words[word + 4] as number);
    const nameEnd = nameOffset + (words[word + 5] as number);
    // Copied first: no decoder takes shared memory.
    const hunterId = Buffer.from(bytes.subarray(hunterOffset, nameOffset)).toString("utf8");
    const name = Buffer.from(bytes.subarray(nameOffset, nameEnd)).toString("utf8");
    if (number >= this.ids.length) this.grow(number);
    // The length keeps apart what names and ids with any characters in them could make equal.
    const head = `${linkType} ${name.length} `;
    const nameStart = head.length;
    const hunterStart = nameStart + name.length;
    this.interfaces[number] = { key: head + name + hunterId, linkType, nameStart, hunterStart };
    this.linkTypes[number] = linkType;
  }

  give(number: number, id: number): void {
    this.ids[number] = id;
    if (!this.numbers.has(id)) this.numbers.set(id, number);
  }

  /** The number that stood in a packet's block before `id` took its place. */
  numberOf(id: number): number {
    const number = this.numbers.get(id);
    assert(number !== undefined, `id ${id} was not given in this section`);
    return number;
  }

  /** A new section begins: no id is given. */
  forgetIds(): void {
    this.ids.fill(notGiven);
    this.numbers.clear();
  }

  /** The shard began anew: its numbers start again at 0. */
  reset(): void {
    this.interfaces = [];
    this.linkTypes.fill(notGiven);
    this.forgetIds();
  }

  private grow(number: number): void {
    const length = Math.max(number + 1, this.ids.length * 2);
    this.ids = larger(this.ids, length);
    this.linkTypes = larger(this.linkTypes, length);
  }
}

function larger(from: Int32Array, length: number): Int32Array {
  const to = new Int32Array(length).fill(notGiven);
  to.set(from);
  return to;
}
