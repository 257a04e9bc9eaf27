/** The time of a pcap record, seconds and nanoseconds, from and to 64-bit nanoseconds, without BigInt. */

/** Nanoseconds since 1970, two unsigned halves of a signed 64-bit number. */
export interface TimeTarget {
  timeLow: number;
  timeHigh: number;
}

const billion = 1_000_000_000;
const secondsMax = 0xffff_ffff;
const two32 = 2 ** 32;

/** Joins both into one number. All products stay below 2^53. */
export function setSeconds(target: TimeTarget, seconds: number, nanoseconds: number): void {
  const upper = (seconds >>> 16) * billion;
  const low = (upper % 65_536) * 65_536 + (seconds & 0xffff) * billion + nanoseconds;
  target.timeHigh = (Math.floor(upper / 65_536) + Math.floor(low / two32)) >>> 0;
  target.timeLow = low >>> 0;
}

/**
 * Splits one number into both. What is beyond the 32 bits of the seconds (2106) becomes the last
 * instant that the format can hold.
 */
export class TimeSplit {
  seconds = 0;
  nanoseconds = 0;
  /** Packets in a row share the high word for 4.3 s: its part is computed once. */
  private high = -1;
  private highSeconds = 0;
  private highRest = 0;

  split(timeHigh: number, timeLow: number): void {
    if (timeHigh !== this.high) this.splitHigh(timeHigh);
    let seconds = this.highSeconds;
    let rest = this.highRest + timeLow;
    while (rest >= billion) {
      rest -= billion;
      seconds++;
    }
    if (seconds > secondsMax) {
      seconds = secondsMax;
      rest = billion - 1;
    }
    this.seconds = seconds;
    this.nanoseconds = rest;
  }

  /** 2^32 ns are 4 s and 294,967,296 ns. In two steps of 16 bits every product is below 2^53. */
  private splitHigh(high: number): void {
    const upper = (high >>> 16) * 294_967_296;
    const upperSeconds = Math.floor(upper / billion);
    const lower = (upper - upperSeconds * billion) * 65_536 + (high & 0xffff) * 294_967_296;
    const lowerSeconds = Math.floor(lower / billion);
    this.high = high;
    this.highSeconds = high * 4 + upperSeconds * 65_536 + lowerSeconds;
    this.highRest = lower - lowerSeconds * billion;
  }
}
