/**
 * The hot walker: finds every field of an encoded `lippycat.data.PacketBatch` in place.
 *
 * It makes no object per packet: results are offsets and numbers in typed arrays that the next walk
 * overwrites. Field numbers: docs/wire.md#messages. Protobuf rules kept: the last occurrence of a
 * scalar wins, unknown fields and known fields with a foreign wire type are skipped, sub-messages
 * may come in any order. `test/fuzz/packet-batch.ts` holds it against protobuf-es.
 */
import { limits } from "../config/limits.ts";

/** Outcome of a walk: 0 is good, anything else makes the whole batch undecodable. */
export const walkOutcome = {
  ok: 0,
  truncated: 1,
  badVarint: 2,
  badTag: 3,
  badGroup: 4,
  tooManyPackets: 5,
} as const;

export type WalkOutcome = (typeof walkOutcome)[keyof typeof walkOutcome];

const outcomeTexts: Record<WalkOutcome, string> = {
  0: "ok",
  1: "a field runs past the end of its message",
  2: "a varint is longer than 64 bits",
  3: "a field number or wire type is not valid",
  4: "groups are unbalanced or nested too deeply",
  5: `more than ${limits.batchPacketsMax} packets`,
};

export function walkOutcomeText(outcome: WalkOutcome): string {
  return outcomeTexts[outcome];
}

const packetsAtStart = 1024;

/** What one walk found. Offsets count from the start of `bytes`; a length of 0 means absent or empty. */
export class PacketBatchView {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;

  hunterIdStart = 0;
  hunterIdLength = 0;
  /** `sequence`, split in two unsigned 32-bit halves. */
  sequenceLow = 0;
  sequenceHigh = 0;
  /** `timestamp_ns` of the batch, two halves. */
  timeLow = 0;
  timeHigh = 0;
  /** `stats`: counters of the hunter, as far as a double holds them. */
  hasStats = false;
  statsTotalCaptured = 0;
  statsFilteredMatched = 0;
  statsDropped = 0;
  /** The last `stats` as it came; length 0 when absent or empty. */
  statsStart = 0;
  statsLength = 0;

  // Per packet. Unsigned 32-bit unless said otherwise.
  dataStart: Uint32Array = new Uint32Array(packetsAtStart);
  dataLength: Uint32Array = new Uint32Array(packetsAtStart);
  /** `timestamp_ns` of the packet, nanoseconds since 1970, two halves of a signed 64-bit number. */
  packetTimeLow: Uint32Array = new Uint32Array(packetsAtStart);
  packetTimeHigh: Uint32Array = new Uint32Array(packetsAtStart);
  captureLength: Uint32Array = new Uint32Array(packetsAtStart);
  originalLength: Uint32Array = new Uint32Array(packetsAtStart);
  interfaceIndex: Uint32Array = new Uint32Array(packetsAtStart);
  linkType: Uint32Array = new Uint32Array(packetsAtStart);
  interfaceNameStart: Uint32Array = new Uint32Array(packetsAtStart);
  interfaceNameLength: Uint32Array = new Uint32Array(packetsAtStart);
  /** The whole CapturedPacket, without tag and length. */
  packetStart: Uint32Array = new Uint32Array(packetsAtStart);
  packetLength: Uint32Array = new Uint32Array(packetsAtStart);
  /** Not 0 when it has fields beside those named here, `matched_filter_ids` for example, or a message or
   * string of these more than once. */
  hasMore: Uint8Array = new Uint8Array(packetsAtStart);
  /** The last `metadata` of the packet; length 0 when absent. */
  metadataStart: Uint32Array = new Uint32Array(packetsAtStart);
  metadataLength: Uint32Array = new Uint32Array(packetsAtStart);

  /** Packets that the arrays hold now. */
  get capacity(): number {
    return this.dataStart.length;
  }

  /** Doubles the arrays, up to `limits.batchPacketsMax`; false when that is reached. */
  grow(): boolean {
    if (this.capacity >= limits.batchPacketsMax) return false;
    const size = Math.min(this.capacity * 2, limits.batchPacketsMax);
    this.dataStart = larger(this.dataStart, size);
    this.dataLength = larger(this.dataLength, size);
    this.packetTimeLow = larger(this.packetTimeLow, size);
    this.packetTimeHigh = larger(this.packetTimeHigh, size);
    this.captureLength = larger(this.captureLength, size);
    this.originalLength = larger(this.originalLength, size);
    this.interfaceIndex = larger(this.interfaceIndex, size);
    this.linkType = larger(this.linkType, size);
    this.interfaceNameStart = larger(this.interfaceNameStart, size);
    this.interfaceNameLength = larger(this.interfaceNameLength, size);
    this.packetStart = larger(this.packetStart, size);
    this.packetLength = larger(this.packetLength, size);
    const hasMore = new Uint8Array(size);
    hasMore.set(this.hasMore);
    this.hasMore = hasMore;
    this.metadataStart = larger(this.metadataStart, size);
    this.metadataLength = larger(this.metadataLength, size);
    return true;
  }
}

function larger(from: Uint32Array, size: number): Uint32Array {
  const to = new Uint32Array(size);
  to.set(from);
  return to;
}

// The cursor of the walk under way. One walk runs at a time in a thread and never yields.
let position = 0;
let low = 0;
let high = 0;
let fault: WalkOutcome = walkOutcome.ok;

function fail(outcome: WalkOutcome): false {
  fault = outcome;
  return false;
}

/** Reads a varint at `position` into `low` and `high`. */
function readVarint(bytes: Uint8Array, end: number): boolean {
  let at = position;
  let lowBits = 0;
  let highBits = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) return fail(walkOutcome.truncated);
    const byte = bytes[at++] as number;
    // The tenth byte has room for one bit: protobuf-go refuses more.
    if (shift === 63 && byte > 1) break;
    const value = byte & 0x7f;
    if (shift < 28) lowBits |= value << shift;
    else if (shift === 28) {
      lowBits |= value << 28;
      highBits = value >>> 4;
    } else highBits |= value << (shift - 32);
    if (byte < 0x80) {
      position = at;
      low = lowBits >>> 0;
      high = highBits >>> 0;
      return true;
    }
  }
  return fail(walkOutcome.badVarint);
}

/** Reads a length prefix; `position` is then the start of the field and `low` its length. */
function readLength(bytes: Uint8Array, end: number): boolean {
  const first = position < end ? (bytes[position] as number) : 0x80;
  if (first < 0x80) {
    position++;
    low = first;
  } else {
    if (!readVarint(bytes, end)) return false;
    if (high !== 0) return fail(walkOutcome.truncated);
  }
  return low <= end - position ? true : fail(walkOutcome.truncated);
}

/** Skips the field whose tag was just read. */
function skipField(bytes: Uint8Array, end: number, tag: number, depth: number): boolean {
  switch (tag & 7) {
    case 0:
      return readVarint(bytes, end);
    case 1:
      position += 8;
      return position <= end || fail(walkOutcome.truncated);
    case 2:
      if (!readLength(bytes, end)) return false;
      position += low;
      return true;
    case 3:
      return skipGroup(bytes, end, tag, depth);
    case 5:
      position += 4;
      return position <= end || fail(walkOutcome.truncated);
    default:
      return fail((tag & 7) === 4 ? walkOutcome.badGroup : walkOutcome.badTag);
  }
}

function skipGroup(bytes: Uint8Array, end: number, startTag: number, depth: number): boolean {
  if (depth >= limits.groupDepthMax) return fail(walkOutcome.badGroup);
  while (position < end) {
    if (!readTag(bytes, end)) return false;
    const tag = low;
    if ((tag & 7) === 4) return tag >>> 3 === startTag >>> 3 || fail(walkOutcome.badGroup);
    if (!skipField(bytes, end, tag, depth + 1)) return false;
  }
  return fail(walkOutcome.badGroup);
}

/** Reads a field tag into `low`. */
function readTag(bytes: Uint8Array, end: number): boolean {
  if (!readVarint(bytes, end)) return false;
  return (high === 0 && low >>> 3 !== 0) || fail(walkOutcome.badTag);
}

/** `low` and `high` as a number; exact up to 2^53, and large enough beyond. */
function asNumber(): number {
  return high * 0x1_0000_0000 + low;
}

/**
 * Walks `length` bytes from `bytes[0]` and fills `view`. On anything but `ok` the view must not be used.
 */
export function walkPacketBatch(
  view: PacketBatchView,
  bytes: Uint8Array,
  length: number,
): WalkOutcome {
  view.bytes = bytes;
  view.count = 0;
  view.hunterIdStart = 0;
  view.hunterIdLength = 0;
  view.sequenceLow = 0;
  view.sequenceHigh = 0;
  view.timeLow = 0;
  view.timeHigh = 0;
  view.hasStats = false;
  view.statsTotalCaptured = 0;
  view.statsFilteredMatched = 0;
  view.statsDropped = 0;
  view.statsStart = 0;
  view.statsLength = 0;
  position = 0;
  fault = walkOutcome.ok;
  while (position < length) {
    if (!walkBatchField(view, bytes, length)) return fault;
  }
  return walkOutcome.ok;
}

function walkBatchField(view: PacketBatchView, bytes: Uint8Array, end: number): boolean {
  if (!readTag(bytes, end)) return false;
  const tag = low;
  switch (tag) {
    case 0x22: {
      if (!readLength(bytes, end)) return false;
      const packetEnd = position + low;
      if (view.count >= view.capacity && !view.grow()) return fail(walkOutcome.tooManyPackets);
      return walkPacket(view, bytes, packetEnd);
    }
    case 0x0a:
      if (!readLength(bytes, end)) return false;
      view.hunterIdStart = position;
      view.hunterIdLength = low;
      position += low;
      return true;
    case 0x10:
      if (!readVarint(bytes, end)) return false;
      view.sequenceLow = low;
      view.sequenceHigh = high;
      return true;
    case 0x18:
      if (!readVarint(bytes, end)) return false;
      view.timeLow = low;
      view.timeHigh = high;
      return true;
    case 0x2a:
      if (!readLength(bytes, end)) return false;
      return walkStats(view, bytes, position + low);
    default:
      return skipField(bytes, end, tag, 0);
  }
}

function walkStats(view: PacketBatchView, bytes: Uint8Array, end: number): boolean {
  view.hasStats = true;
  view.statsStart = position;
  view.statsLength = end - position;
  while (position < end) {
    if (!readTag(bytes, end)) return false;
    const tag = low;
    if (tag === 0x08 || tag === 0x10 || tag === 0x18) {
      if (!readVarint(bytes, end)) return false;
      if (tag === 0x08) view.statsTotalCaptured = asNumber();
      else if (tag === 0x10) view.statsFilteredMatched = asNumber();
      else view.statsDropped = asNumber();
    } else if (!skipField(bytes, end, tag, 0)) return false;
  }
  return true;
}

function walkPacket(view: PacketBatchView, bytes: Uint8Array, end: number): boolean {
  const index = view.count++;
  let dataStart = 0;
  let dataLength = 0;
  let timeLow = 0;
  let timeHigh = 0;
  let captureLength = 0;
  let originalLength = 0;
  let interfaceIndex = 0;
  let linkType = 0;
  let nameStart = 0;
  let nameLength = 0;
  let metadataStart = 0;
  let metadataLength = 0;
  let more = 0;
  view.packetStart[index] = position;
  view.packetLength[index] = end - position;
  while (position < end) {
    let tag = bytes[position] as number;
    if (tag < 0x80 && tag >= 8) position++;
    else if (readTag(bytes, end)) tag = low;
    else return false;
    switch (tag) {
      case 0x0a:
        if (!readLength(bytes, end)) return false;
        dataStart = position;
        dataLength = low;
        position += low;
        break;
      case 0x10:
        if (!readVarint(bytes, end)) return false;
        timeLow = low;
        timeHigh = high;
        break;
      case 0x18:
        if (!readVarint(bytes, end)) return false;
        captureLength = low;
        break;
      case 0x20:
        if (!readVarint(bytes, end)) return false;
        originalLength = low;
        break;
      case 0x28:
        if (!readVarint(bytes, end)) return false;
        interfaceIndex = low;
        break;
      case 0x30:
        if (!readVarint(bytes, end)) return false;
        linkType = low;
        break;
      case 0x3a:
        if (!readLength(bytes, end)) return false;
        if (metadataLength !== 0) more = 1;
        metadataStart = position;
        metadataLength = low;
        position += low;
        break;
      case 0x42:
        if (!readLength(bytes, end)) return false;
        if (nameLength !== 0) more = 1;
        nameStart = position;
        nameLength = low;
        position += low;
        break;
      default:
        more = 1;
        if (!skipField(bytes, end, tag, 0)) return false;
    }
  }
  view.hasMore[index] = more;
  view.dataStart[index] = dataStart;
  view.dataLength[index] = dataLength;
  view.packetTimeLow[index] = timeLow;
  view.packetTimeHigh[index] = timeHigh;
  view.captureLength[index] = captureLength;
  view.originalLength[index] = originalLength;
  view.interfaceIndex[index] = interfaceIndex;
  view.linkType[index] = linkType;
  view.interfaceNameStart[index] = nameStart;
  view.interfaceNameLength[index] = nameLength;
  view.metadataStart[index] = metadataStart;
  view.metadataLength[index] = metadataLength;
  return true;
}
