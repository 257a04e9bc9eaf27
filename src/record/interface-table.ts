/** Which interface number of this shard a packet belongs to: one per (hunter, interface, link type). */
import { escapeUnsafeDistinctly } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Batch } from "../pipeline/batch.ts";

export interface InterfaceEntry {
  /** The shard's number of it, from 0 in the order of first use. */
  readonly number: number;
  readonly hunterId: string;
  readonly name: string;
  readonly linkType: number;
  /** False until its interface block stands in the ring. */
  announced: boolean;
  /** The field bytes that it was found by, for a comparison without a string. */
  readonly wireName: Uint8Array;
  readonly wireIndex: number;
  readonly wireLinkType: number;
  /** The hunter id or the name stand in the file otherwise than they were sent. */
  readonly repaired: boolean;
  readonly overflow: boolean;
}

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class InterfaceTable {
  private readonly entries = new Map<string, InterfaceEntry>();
  /** By hunter number: the entry of the packet before. */
  private readonly last = new Map<number, InterfaceEntry>();
  private recent: InterfaceEntry | undefined;
  private recentHunter = -1;
  private created = 0;

  /** The entry of packet `index`; made when it is new. */
  find(batch: Batch, index: number): InterfaceEntry {
    if (batch.hunterNumber !== this.recentHunter) {
      this.recentHunter = batch.hunterNumber;
      this.recent = this.last.get(batch.hunterNumber);
    }
    const recent = this.recent;
    if (recent !== undefined && matches(recent, batch, index)) return recent;
    const found = this.lookUp(batch, index);
    this.recent = found;
    // Forgetting is harmless: the map by key below still finds the entry.
    if (this.last.size >= limits.huntersPerShardMax) this.last.clear();
    this.last.set(batch.hunterNumber, found);
    return found;
  }

  private lookUp(batch: Batch, index: number): InterfaceEntry {
    const { view } = batch;
    const wireName = nameBytes(batch, index);
    const wireIndex = view.interfaceIndex[index] as number;
    const wireLinkType = view.linkType[index] as number;
    const label =
      wireName.length > 0 ? `n${Buffer.from(wireName).toString("latin1")}` : `i${wireIndex}`;
    // The length keeps apart what ids and names with any characters in them could make equal.
    const key = `${wireLinkType} ${batch.hunterId.length} ${batch.hunterId}${label}`;
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const linkType = wireLinkType === 0 ? 1 : wireLinkType;
    // A copy: `slice` of a Buffer would share the bytes that the next message overwrites.
    const wire = { wireName: new Uint8Array(wireName), wireIndex, wireLinkType };
    if (this.entries.size >= limits.interfacesMax) return this.overflow(linkType, wire);
    const cut = (view.interfaceNameLength[index] as number) > wireName.length;
    const { name, repaired } = readableName(wireName, wireIndex, cut);
    const entry: InterfaceEntry = {
      number: this.created++,
      hunterId: batch.hunterId,
      name,
      linkType,
      announced: false,
      repaired: repaired || !isPlain(name) || !isPlain(batch.hunterId),
      overflow: false,
      ...wire,
    };
    this.entries.set(key, entry);
    return entry;
  }

  /** One named interface per link type takes what is beyond the ceiling. */
  private overflow(
    linkType: number,
    wire: Pick<InterfaceEntry, "wireName" | "wireIndex" | "wireLinkType">,
  ): InterfaceEntry {
    const key = `overflow ${linkType}`;
    const known = this.entries.get(key);
    const entry: InterfaceEntry = known ?? {
      number: this.created++,
      hunterId: `more than ${limits.interfacesMax} interfaces`,
      name: "overflow",
      linkType,
      announced: false,
      repaired: false,
      overflow: true,
      ...wire,
    };
    if (known === undefined) this.entries.set(key, entry);
    return entry;
  }
}

/** True when the text stands in the file as it is (`describe` in shard-interfaces.ts). */
function isPlain(text: string): boolean {
  return escapeUnsafeDistinctly(text) === text;
}

/** What is kept of a name: names that differ only beyond the ceiling are one interface. */
function nameBytes(batch: Batch, index: number): Uint8Array {
  const { view } = batch;
  const start = view.interfaceNameStart[index] as number;
  return view.bytes.subarray(start, start + keptLength(batch, index));
}

function keptLength({ view }: Batch, index: number): number {
  return Math.min(view.interfaceNameLength[index] as number, limits.interfaceNameBytesMax);
}

function matches(entry: InterfaceEntry, batch: Batch, index: number): boolean {
  const { view } = batch;
  const { wireName } = entry;
  if (entry.overflow) return false;
  if (view.linkType[index] !== entry.wireLinkType) return false;
  if (keptLength(batch, index) !== wireName.length) return false;
  if (wireName.length === 0) return view.interfaceIndex[index] === entry.wireIndex;
  const { bytes } = view;
  const start = view.interfaceNameStart[index] as number;
  for (let at = 0; at < wireName.length; at++) {
    if (bytes[start + at] !== wireName[at]) return false;
  }
  return true;
}

/** A name that any reader can show: valid UTF-8. `cut` says that `wire` is only the beginning. */
function readableName(
  wire: Uint8Array,
  index: number,
  cut: boolean,
): { name: string; repaired: boolean } {
  if (wire.length === 0) return { name: `if${index}`, repaired: false };
  const part = cut ? wire.subarray(0, characterEnd(wire)) : wire;
  try {
    return { name: strict.decode(part), repaired: cut };
  } catch {
    return { name: decoder.decode(part), repaired: true };
  }
}

/** Where the last character begins that a cut may have torn, or the end when none is. */
function characterEnd(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at > 0 && at > bytes.length - 4 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  const lead = bytes[at] as number;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return at + length > bytes.length ? at : bytes.length;
}
