/** A number for one direction of a conversation, as the key of unfinished messages. */
import { uint32At } from "../packet/layers.ts";
import type { Subject } from "./description.ts";

/**
 * A number of 53 bits for one direction of a conversation: hunter, VLAN and end points. Two of the few
 * that wait at a time for their next segment could only share it by chance, when `seed`, a random
 * 32-bit number, is not known outside.
 */
export function directionKey({ bytes, layers, hunter }: Subject, seed: number): number {
  let a = seed ^ Math.imul(hunter + 1, 0x9e37_79b1);
  let b = ~seed ^ Math.imul(layers.vlan + 1, 0x85eb_ca6b);
  const add = (word: number): void => {
    a = Math.imul(a ^ word ^ (a >>> 15), 0xc2b2_ae35);
    b = Math.imul(b ^ word ^ (b >>> 13), 0x27d4_eb2f);
  };
  add((layers.sourcePort << 16) | layers.destinationPort);
  const addressBytes = layers.ipVersion === 4 ? 4 : 16;
  for (let at = 0; at < addressBytes; at += 4) {
    add(uint32At(bytes, layers.sourceAt + at));
    add(uint32At(bytes, layers.destinationAt + at));
  }
  return ((a ^ (a >>> 16)) >>> 0) * 0x20_0000 + ((b ^ (b >>> 16)) >>> 11);
}
