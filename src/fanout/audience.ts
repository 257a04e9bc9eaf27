/**
 * All live views with the same selection, here and on other shards: what they want is looked for and
 * laid out once for all of them.
 */
import { limits } from "../config/limits.ts";
import type { PacketPredicate } from "../expression/compile-expression.ts";
import type { Batch } from "../pipeline/batch.ts";
import type { EncodedPackets } from "../pipeline/encoded-packets.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import type { Bundle, BundlePool } from "./bundle.ts";
import type { Selection } from "./selection.ts";
import type { Subscriber } from "./subscriber.ts";

/** An audience with the same selection on another shard. */
export interface RemoteMember {
  hasRoom(): boolean;
  /** Sends a copy, or counts its batches as lost. */
  offer(bundle: Bundle): void;
  miss(batches: number): void;
}

export interface AudienceOptions {
  /** `selectionKey` of the selection. */
  readonly key: string;
  /** How other shards name it. */
  readonly number: number;
  readonly selection: Selection;
  /** undefined = every packet. */
  readonly predicate: PacketPredicate | undefined;
  readonly pool: BundlePool;
  readonly encoder: BatchEncoder;
  /** Batches of one bundle. */
  readonly bundleBatchesMax: number;
}

export class Audience {
  readonly members = new Set<Subscriber>();
  readonly remotes = new Set<RemoteMember>();
  readonly key: string;
  readonly number: number;
  readonly selection: Selection;
  private readonly options: AudienceOptions;
  private readonly hunters: ReadonlySet<string> | undefined;
  private bundle: Bundle | undefined = undefined;

  constructor(options: AudienceOptions) {
    const { hunters } = options.selection;
    this.options = options;
    this.key = options.key;
    this.number = options.number;
    this.selection = options.selection;
    this.hunters = hunters === undefined ? undefined : new Set(hunters);
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.remotes.size === 0;
  }

  wants(hunterId: string): boolean {
    return this.hunters === undefined || this.hunters.has(hunterId);
  }

  /**
   * Who could take a batch more: "nobody" when each is too slow, so that nothing is laid out to be thrown
   * away; "later" when one of them has no room since there was no time to write to it (`isLate`). What the
   * others have room for would be laid out for them alone, and then again for it. With time, it is about to
   * be written to, and the others do not wait for it.
   */
  room(isLate: boolean): "some" | "nobody" | "later" {
    let hasRoom = false;
    for (const member of this.members) {
      if (member.hasRoom(this.bundle)) hasRoom = true;
      else if (isLate && member.isWritable) return "later";
    }
    if (hasRoom) return "some";
    for (const remote of this.remotes) if (remote.hasRoom()) return "some";
    return "nobody";
  }

  /** Counts a batch that nobody of them had room for. */
  drop(): void {
    for (const member of this.members) member.drop(1);
    for (const remote of this.remotes) remote.miss(1);
  }

  /** Counts a batch that the node had no time for. */
  miss(): void {
    for (const member of this.members) member.miss(1);
    for (const remote of this.remotes) remote.miss(1);
  }

  /** Lays the packets that it wants into its bundle, as messages below what existing clients take. */
  append(batch: Batch, packets: EncodedPackets): void {
    const { predicate } = this.options;
    const headMax = this.options.encoder.headBytesMax(batch) + 5;
    const messageMax = limits.subscriberMessageBytesMax - headMax;
    const wanted = predicate === undefined ? undefined : select(batch, packets, predicate);
    let first = -1;
    let bytes = 0;
    let begun = false;
    const layUntil = (end: number): void => {
      if (first < 0) return;
      this.lay(batch, packets, wanted, first, end, bytes + headMax, begun);
      begun = true;
      first = -1;
      bytes = 0;
    };
    for (let entry = 0; entry < packets.count; entry++) {
      if (wanted !== undefined && wanted[entry] === 0) continue;
      const length = (packets.end[entry] as number) - (packets.start[entry] as number);
      if (bytes + length > messageMax) layUntil(entry);
      if (length > messageMax) {
        // What a hunter says of a packet may be longer than any client takes: that part is lost.
        this.miss();
        continue;
      }
      if (first < 0) first = entry;
      bytes += length;
    }
    layUntil(packets.count);
  }

  /** Gives what was laid out to all of them. */
  deliver(): void {
    const { bundle } = this;
    if (bundle === undefined) return;
    this.bundle = undefined;
    this.hand(bundle);
    for (const remote of this.remotes) remote.offer(bundle);
    this.options.pool.close(bundle);
  }

  /** Gives a bundle to those on this shard. */
  hand(bundle: Bundle): void {
    for (const member of this.members) member.offer(bundle);
  }

  /** One message with the wanted entries from `first` to before `end`; `more` = of a batch begun. */
  private lay(
    batch: Batch,
    packets: EncodedPackets,
    wanted: Uint8Array | undefined,
    first: number,
    end: number,
    bytesMax: number,
    more: boolean,
  ): void {
    const bundle = this.roomFor(bytesMax);
    const { bytes } = bundle;
    const at = bundle.length;
    let position = this.options.encoder.writeHead(batch, bytes, at + 5);
    for (let entry = first; entry < end; ) {
      if (wanted !== undefined && wanted[entry] === 0) {
        entry++;
        continue;
      }
      let last = entry;
      while (last + 1 < end && (wanted === undefined || wanted[last + 1] !== 0)) last++;
      const from = packets.start[entry] as number;
      const to = packets.end[last] as number;
      position += packets.bytes.copy(bytes, position, from, to);
      entry = last + 1;
    }
    bytes[at] = 0;
    bytes.writeUInt32BE(position - at - 5, at + 1);
    bundle.length = position;
    if (!more) bundle.batches++;
  }

  private roomFor(bytes: number): Bundle {
    const { pool, bundleBatchesMax } = this.options;
    const open = this.bundle;
    if (open !== undefined) {
      if (open.room >= bytes && open.batches < bundleBatchesMax) return open;
      this.deliver();
    }
    this.bundle = pool.open(bytes);
    return this.bundle;
  }
}

let selected = new Uint8Array(1024);

/** 1 for each entry that the predicate wants; overwritten by the next call. */
function select(batch: Batch, packets: EncodedPackets, predicate: PacketPredicate): Uint8Array {
  const { view } = batch;
  if (selected.length < packets.count) selected = new Uint8Array(packets.count);
  for (let entry = 0; entry < packets.count; entry++) {
    const index = packets.index[entry] as number;
    const start = view.dataStart[index] as number;
    const end = start + (view.dataLength[index] as number);
    const original = view.originalLength[index] as number;
    const linkType = view.linkType[index] as number;
    selected[entry] = predicate.matches(view.bytes, start, end, original, linkType) ? 1 : 0;
  }
  return selected;
}
