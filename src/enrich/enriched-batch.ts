/** Buffer for the entries of an enriched batch. */
import { limits } from "../config/limits.ts";
import type { EncodedPackets } from "../pipeline/encoded-packets.ts";
import { varintBytes, writeVarint } from "./field-writer.ts";

const packetTag = 0x22;
const metadataTag = 0x3a;
const entriesAtStart = 1024;

/** Collects the entries of an enriched batch. Buffers that a giant batch needed are given up after it. */
export class EntryBuffer implements EncodedPackets {
  bytes: Buffer = Buffer.allocUnsafeSlow(limits.enrichedBytesKept);
  count = 0;
  index: Uint32Array = new Uint32Array(entriesAtStart);
  start: Uint32Array = new Uint32Array(entriesAtStart);
  end: Uint32Array = new Uint32Array(entriesAtStart);
  /** Bytes of the entries so far. */
  length = 0;

  /** Makes room for a batch of at most `packets` entries. */
  clear(packets: number): void {
    this.count = 0;
    this.length = 0;
    if (this.bytes.length > limits.enrichedBytesKept) {
      this.bytes = Buffer.allocUnsafeSlow(limits.enrichedBytesKept);
    }
    const entries = Math.max(entriesAtStart, packets);
    if (this.index.length < entries || this.index.length > entries * 8) {
      this.index = new Uint32Array(entries);
      this.start = new Uint32Array(entries);
      this.end = new Uint32Array(entries);
    }
  }

  /**
   * Begins the entry of packet `index`: its bytes `packet[start, end)`, then room for `metadataLength`
   * bytes of metadata, which the caller fills by `add`; none when that is 0.
   */
  begin(index: number, packet: Buffer, start: number, end: number, metadataLength: number): void {
    const packetLength = end - start;
    const more = metadataLength === 0 ? 0 : 1 + varintBytes(metadataLength) + metadataLength;
    this.reserve(packetLength + more + 6);
    const entry = this.count++;
    this.index[entry] = index;
    this.start[entry] = this.length;
    const bytes = this.bytes;
    bytes[this.length] = packetTag;
    let at = writeVarint(bytes, this.length + 1, packetLength + more);
    packet.copy(bytes, at, start, end);
    at += packetLength;
    this.end[entry] = at + more;
    if (more !== 0) {
      bytes[at] = metadataTag;
      at = writeVarint(bytes, at + 1, metadataLength);
    }
    this.length = at;
  }

  /** Adds to the metadata of the entry begun last. */
  add(from: Buffer, start: number, length: number): void {
    from.copy(this.bytes, this.length, start, start + length);
    this.length += length;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
