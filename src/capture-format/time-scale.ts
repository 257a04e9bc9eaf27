/**
 * The times of a pcapng interface: ticks of 64 bits, since 1970 or an offset of its own
 * (draft-ietf-opsawg-pcapng, section 4.2, if_tsresol and if_tsoffset).
 */
import type { TimeTarget } from "./pcap-time.ts";

/**
 * Writes a file's own 64-bit time, given in two halves, to `target` as nanoseconds since 1970. Times that
 * do not fit become the last that does, 2262-04-11, or the first.
 */
export type TimeScale = (high: number, low: number, target: TimeTarget) => void;

const two32 = 2 ** 32;
const highMax = 0x7fff_ffff;
const timeMax = 2n ** 63n - 1n;

/** if_tsresol: a negative power of ten, or of two when its top bit is set. Absent, it is microseconds. */
export const microsecondResolution = 6;
export const nanosecondResolution = 9;

/** `resolution` is the byte of if_tsresol, `offsetSeconds` is if_tsoffset. */
export function createTimeScale(resolution: number, offsetSeconds: bigint): TimeScale {
  const isPowerOfTwo = (resolution & 0x80) !== 0;
  const exponent = resolution & 0x7f;
  // Up to a factor of 10^6 doubles are exact; beyond that the general way costs a few hundred ns.
  if (!isPowerOfTwo && offsetSeconds === 0n && exponent >= 3 && exponent <= 9) {
    return multiplied(10 ** (9 - exponent));
  }
  const ticksASecond = isPowerOfTwo ? 2n ** BigInt(exponent) : 10n ** BigInt(exponent);
  const offset = offsetSeconds * 1_000_000_000n;
  return (high, low, target) => {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const exact = (ticks * 1_000_000_000n) / ticksASecond + offset;
    const fitting = exact > timeMax ? timeMax : exact < -timeMax ? -timeMax : exact;
    const time = BigInt.asUintN(64, fitting);
    target.timeLow = Number(time & 0xffff_ffffn);
    target.timeHigh = Number(time >> 32n);
  };
}

function multiplied(factor: number): TimeScale {
  return (high, low, target) => {
    const product = low * factor;
    const timeHigh = high * factor + Math.floor(product / two32);
    target.timeLow = timeHigh > highMax ? two32 - 1 : product >>> 0;
    target.timeHigh = Math.min(timeHigh, highMax);
  };
}
