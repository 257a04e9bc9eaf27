/**
 * What a reader checks of a pcapng block before it goes on to the next one
 * (draft-ietf-opsawg-pcapng, sections 3.5, 4.1 to 4.4, 4.6 and the appendix with the obsolete block).
 */
import { swapBytes } from "./byte-order.ts";
import {
  blockFrame,
  blockType,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  padded,
  sectionHeader,
  simplePacket,
} from "./pcapng-layout.ts";
import { codeOf, lengthOf, optionBytes, optionCode, optionHeadBytes } from "./pcapng-options.ts";

/** Bytes that are looked at a word at a time. */
export interface WordReader {
  /** Little-endian word at `offset`; undefined behind the end. */
  word(offset: number): number | undefined;
}

const optionsStart: ReadonlyMap<number, number> = new Map<number, number>([
  [blockType.sectionHeader, sectionHeader.options],
  [blockType.interfaceDescription, interfaceDescription.options],
  [blockType.statistics, interfaceStatistics.options],
]);

/** False when what stands between the two lengths of the block cannot be read. */
export function isReadableBlock(
  words: WordReader,
  at: number,
  kind: number,
  total: number,
  swapped: boolean,
): boolean {
  const end = at + total - blockFrame.trailerBytes;
  if (kind === blockType.simplePacket) return at + simplePacket.data <= end;
  let start = optionsStart.get(kind);
  if (kind === blockType.enhancedPacket || kind === blockType.obsoletePacket) {
    const captured = wordAt(words, at + enhancedPacket.capturedLength, swapped);
    if (captured > total) return false;
    start = enhancedPacket.data + padded(captured);
  }
  return start === undefined || areOptions(words, at + start, end, swapped);
}

/** They fill the space up to `end`, or end before it with an end of options. */
function areOptions(words: WordReader, from: number, end: number, swapped: boolean): boolean {
  let at = from;
  while (at + optionHeadBytes <= end) {
    const head = wordAt(words, at, swapped);
    const length = lengthOf(head, !swapped);
    if (codeOf(head, !swapped) === optionCode.end) return length === 0;
    at += optionBytes(length);
  }
  return at === end;
}

function wordAt(words: WordReader, offset: number, swapped: boolean): number {
  const word = words.word(offset) ?? 0;
  return swapped ? swapBytes(word) : word;
}
