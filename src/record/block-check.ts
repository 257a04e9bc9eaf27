/**
 * What a reader checks of a pcapng block before it goes on to the next one
 * (draft-ietf-opsawg-pcapng, sections 3.5, 4.1 to 4.3, 4.6 and appendix A).
 */
import type { FileWindow } from "./file-window.ts";
import { blockType } from "./pcapng-blocks.ts";

/** Bytes before the options, the block's type and length among them. */
const optionsStart: ReadonlyMap<number, number> = new Map([
  [blockType.sectionHeader, 24],
  [blockType.interfaceDescription, 16],
  [blockType.statistics, 20],
]);

const packetStart = 28;
const simplePacketStart = 12;

/** False when what stands between the two lengths of the block cannot be read. */
export function isReadableBlock(
  window: FileWindow,
  at: number,
  kind: number,
  total: number,
  swapped: boolean,
): boolean {
  const end = at + total - 4;
  if (kind === blockType.simplePacket) return at + simplePacketStart <= end;
  let start = optionsStart.get(kind);
  if (kind === blockType.enhancedPacket || kind === blockType.obsoletePacket) {
    const captured = wordAt(window, at + 20, swapped);
    if (captured > total) return false;
    start = packetStart + captured + (-captured & 3);
  }
  return start === undefined || areOptions(window, at + start, end, swapped);
}

/** They fill the space up to `end`, or end before it with an end of options. */
function areOptions(window: FileWindow, from: number, end: number, swapped: boolean): boolean {
  let at = from;
  while (at + 4 <= end) {
    const word = wordAt(window, at, swapped);
    const code = swapped ? word >>> 16 : word & 0xffff;
    const length = swapped ? word & 0xffff : word >>> 16;
    if (code === 0) return length === 0;
    at += 4 + length + (-length & 3);
  }
  return at === end;
}

function wordAt(window: FileWindow, offset: number, swapped: boolean): number {
  const word = window.word(offset) ?? 0;
  return swapped ? swapBytes(word) : word;
}

/** The word in the other byte order. */
export function swapBytes(word: number): number {
  const turned = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  return turned >>> 0;
}
