/**
 * What a hunter says itself of a SIP packet: `metadata.sip` of the packet (docs/wire.md#messages,
 * PacketMetadata and SIPMetadata). Most metadata has no SIP message's tags (RTP packets carry the
 * Call-ID alone), so only what has them is decoded.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { type SIPMetadata, SIPMetadataSchema } from "../wire/gen/lippycat/data/data_pb.ts";

export interface HunterSip {
  readonly sip: SIPMetadata;
  /** "" when the hunter does not say. */
  readonly srcIp: string;
  readonly dstIp: string;
}

/** Tags of length-delimited fields. */
const srcIpTag = 0x12;
const dstIpTag = 0x1a;
const sipTag = 0x3a;
const fromTagTag = 0x3a;
const toTagTag = 0x42;

const decoder = new TextDecoder();

/**
 * Reads the PacketMetadata in `bytes[start, end)`; undefined when it has no `sip`, when that is not to
 * be decoded, or, with `wantsTags`, when one of the two tags is missing. Never throws.
 */
export function readHunterSip(
  bytes: Uint8Array,
  start: number,
  end: number,
  wantsTags: boolean,
): HunterSip | undefined {
  if (!findField(bytes, start, end, sipTag)) return undefined;
  const sipStart = foundStart;
  const sipEnd = foundEnd;
  if (wantsTags) {
    if (!findField(bytes, sipStart, sipEnd, fromTagTag)) return undefined;
    if (!findField(bytes, sipStart, sipEnd, toTagTag)) return undefined;
  }
  try {
    const sip = fromBinary(SIPMetadataSchema, bytes.subarray(sipStart, sipEnd));
    const srcIp = textOf(bytes, start, end, srcIpTag);
    return { sip, srcIp, dstIp: textOf(bytes, start, end, dstIpTag) };
  } catch {
    // What a hunter says beside the packet may be wrong; the packet itself is good.
    return undefined;
  }
}

function textOf(bytes: Uint8Array, start: number, end: number, tag: number): string {
  if (!findField(bytes, start, end, tag)) return "";
  return decoder.decode(bytes.subarray(foundStart, foundEnd));
}

// The cursor of the search under way, and what it found: one search runs at a time in a thread.
let at = 0;
let foundStart = 0;
let foundEnd = 0;

/** Finds the last field `tag` that is not empty; false as well when the message is broken before it. */
function findField(bytes: Uint8Array, start: number, end: number, tag: number): boolean {
  at = start;
  foundEnd = 0;
  while (at < end) {
    const found = readVarint(bytes, end);
    const wireType = found & 7;
    if (found < 0) break;
    if (wireType === 0) readVarint(bytes, end);
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = readVarint(bytes, end);
      if (length < 0 || length > end - at) break;
      if (found === tag && length > 0) {
        foundStart = at;
        foundEnd = at + length;
      }
      at += length;
    } else break;
  }
  return foundEnd > 0;
}

/** -1 when it has no end. */
function readVarint(bytes: Uint8Array, end: number): number {
  let value = 0;
  for (let factor = 1; at < end && factor <= 2 ** 63; factor *= 128) {
    const byte = bytes[at++] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  at = end;
  return -1;
}
