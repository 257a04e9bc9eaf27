/** Reassembly of SIP messages over TCP segments; the beginnings that wait are a FIFO cache. */
import { limits } from "../config/limits.ts";
import { dissectSip, type SipMessage } from "../dissect/sip.ts";

/** What a segment says, together with those before it that it continues. */
export interface SipReading {
  readonly message: SipMessage;
  /** False for what only continues a message whose headers were read with an earlier segment. */
  readonly isHeadNew: boolean;
}

/** The beginning of a message. */
interface SipPart {
  readonly bytes: Uint8Array;
  /** TCP sequence number of what comes next. */
  readonly next: number;
  readonly segments: number;
  readonly isHeadWhole: boolean;
}

/**
 * Reads SIP that is longer than a TCP segment: an INVITE often has its SDP in the second. At most
 * `limits.sipPartsMax` messages wait for more, the oldest is forgotten, and each for a few segments that
 * come in order.
 */
export class SipStream {
  private readonly parts = new Map<number, SipPart>();

  /** Messages that wait for more. */
  get size(): number {
    return this.parts.size;
  }

  /**
   * Reads the TCP payload `bytes[start, end)` at `sequence` of one direction of a conversation, named by
   * `key`. Undefined when it neither begins a message nor continues the one that waits.
   */
  read(
    key: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): SipReading | undefined {
    const known = this.parts.get(key);
    const part = known?.next === sequence ? known : undefined;
    const all = part === undefined ? bytes.subarray(start, end) : join(part, bytes, start, end);
    const message = dissectSip(all, 0, all.length);
    if (message === undefined) return undefined;
    this.parts.delete(key);
    if (!message.isWhole) {
      const next = (sequence + end - start) >>> 0;
      const segments = 1 + (part?.segments ?? 0);
      this.keep(key, { bytes: all, next, segments, isHeadWhole: message.isHeadWhole });
    }
    return { message, isHeadNew: message.isHeadWhole && part?.isHeadWhole !== true };
  }

  private keep(key: number, part: SipPart): void {
    const bytesMax = limits.sipHeaderBytesMax + limits.sipBodyBytesMax;
    if (part.segments >= limits.sipSegmentsMax || part.bytes.length >= bytesMax) return;
    if (this.parts.size >= limits.sipPartsMax) {
      const [oldest] = this.parts.keys();
      if (oldest !== undefined) this.parts.delete(oldest);
    }
    // The received bytes are overwritten by the next batch.
    this.parts.set(key, { ...part, bytes: part.bytes.slice() });
  }
}

function join(part: SipPart, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const joined = new Uint8Array(part.bytes.length + end - start);
  joined.set(part.bytes);
  joined.set(bytes.subarray(start, end), part.bytes.length);
  return joined;
}
