/** FIFO cache with a time limit: the media addresses that calls have announced. */
import { parseAddress } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";
import type { MediaAddress } from "../dissect/sdp.ts";
import { type Layers, uint32At } from "../packet/layers.ts";

interface AnnouncedCall {
  readonly callId: string;
  usedMs: number;
}

/**
 * Which call an RTP packet belongs to, by the media addresses that SIP messages of the same hunter
 * announced: subscribers build their calls from that (docs/wire.md#terminal-client). At most
 * `limits.mediaAddressesMax` addresses, the one announced first is forgotten first, and each
 * `limits.mediaIdleMs` after its last use.
 */
export class MediaTable {
  private readonly calls = new Map<string, AnnouncedCall>();

  /** Addresses remembered now. */
  get size(): number {
    return this.calls.size;
  }

  announce(hunter: number, callId: string, media: readonly MediaAddress[], nowMs: number): void {
    if (callId === "") return;
    for (const { address, port } of media) {
      const bytes = parseAddress(address);
      if (bytes === undefined) continue;
      const key = keyOf(hunter, bytes, 0, bytes.length, port);
      this.calls.delete(key);
      if (this.calls.size >= limits.mediaAddressesMax) this.forgetOldest();
      this.calls.set(key, { callId, usedMs: nowMs });
    }
  }

  /** Call-ID of the packet's receiver, else of its sender, who mostly sends from where it receives; "" = unknown. */
  find(hunter: number, bytes: Uint8Array, layers: Layers, nowMs: number): string {
    if (this.calls.size === 0) return "";
    const { sourceAt, destinationAt, sourcePort, destinationPort } = layers;
    const length = layers.ipVersion === 4 ? 4 : 16;
    return (
      this.use(keyOf(hunter, bytes, destinationAt, length, destinationPort), nowMs) ||
      this.use(keyOf(hunter, bytes, sourceAt, length, sourcePort), nowMs)
    );
  }

  private use(key: string, nowMs: number): string {
    const call = this.calls.get(key);
    if (call === undefined) return "";
    if (nowMs - call.usedMs > limits.mediaIdleMs) {
      this.calls.delete(key);
      return "";
    }
    call.usedMs = nowMs;
    return call.callId;
  }

  private forgetOldest(): void {
    const [oldest] = this.calls.keys();
    if (oldest !== undefined) this.calls.delete(oldest);
  }
}

function keyOf(
  hunter: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  port: number,
): string {
  let key = `${hunter} ${port}`;
  for (let word = at; word < at + length; word += 4) key += ` ${uint32At(bytes, word)}`;
  return key;
}
