/** Encodes `StreamControl` (docs/wire.md#messages) as a length-prefixed gRPC message. */

/**
 * Appends one message at `at` of `target`, which must have `streamControlBytesMax(error)` bytes left,
 * and returns the offset after it.
 * @param sequenceLow low half of `ack_sequence`; both halves 0 = acknowledges nothing
 */
export function writeStreamControl(
  target: Buffer,
  at: number,
  sequenceLow: number,
  sequenceHigh: number,
  flow: number,
  error: string,
): number {
  let end = at + 5;
  if (sequenceLow !== 0 || sequenceHigh !== 0) {
    target[end++] = 0x08;
    end = writeVarint64(target, end, sequenceLow, sequenceHigh);
  }
  if (flow !== 0) {
    target[end++] = 0x10;
    target[end++] = flow;
  }
  if (error !== "") {
    const length = Buffer.byteLength(error, "utf8");
    target[end++] = 0x1a;
    end = writeVarint64(target, end, length, 0);
    end += target.write(error, end, "utf8");
  }
  target[at] = 0;
  target.writeUInt32BE(end - at - 5, at + 1);
  return end;
}

/** Ceiling of one encoded message with its prefix. */
export function streamControlBytesMax(error: string): number {
  return 5 + 11 + 2 + (error === "" ? 0 : 6 + error.length * 3);
}

function writeVarint64(target: Buffer, at: number, low: number, high: number): number {
  let end = at;
  let lowBits = low >>> 0;
  let highBits = high >>> 0;
  while (highBits !== 0 || lowBits > 0x7f) {
    target[end++] = (lowBits & 0x7f) | 0x80;
    lowBits = ((lowBits >>> 7) | (highBits << 25)) >>> 0;
    highBits >>>= 7;
  }
  target[end++] = lowBits;
  return end;
}
