/** Which link types a shard takes, and which packets of them. */
import { limits } from "../config/limits.ts";
import { checkCaptureHeader, hasCaptureHeader, headerFault } from "../packet/capture-header.ts";
import { rejection } from "../pipeline/rejection.ts";

/**
 * Link types of ordinary interfaces: Ethernet, raw IP, 802.11, OpenBSD loopback, Linux cooked, 802.11
 * with radiotap, Linux cooked v2. No flood of odd ones takes their places.
 */
const ordinary = [1, 101, 105, 108, 113, 127, 276];

export class LinkTypeGate {
  /** The ordinary link types and those of which a packet was taken; it never forgets one. */
  private readonly taken = new Set<number>(ordinary);

  /** True when every packet of the link type is taken: callers need not ask again for the next one. */
  isSimple(linkType: number): boolean {
    return this.taken.has(recorded(linkType)) && !hasCaptureHeader(linkType);
  }

  /** The rejection of a packet whose `length` bytes begin at `start` of `bytes`, or none. */
  judge(linkType: number, bytes: Uint8Array, start: number, length: number): number {
    if (linkType > 0xffff) return rejection.linkType;
    const fault = checkCaptureHeader(linkType, bytes, start, length);
    if (fault === headerFault.short) return rejection.shortHeader;
    if (fault === headerFault.foreign) return rejection.foreignHeader;
    const number = recorded(linkType);
    if (this.taken.has(number)) return rejection.none;
    if (this.taken.size >= limits.linkTypesMax) return rejection.tooManyLinkTypes;
    this.taken.add(number);
    return rejection.none;
  }
}

/** Link type 0 is recorded as Ethernet. */
function recorded(linkType: number): number {
  return linkType === 0 ? 1 : linkType;
}
