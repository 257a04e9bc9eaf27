import { captureFiles, readCapture, sharedCaptures } from "../support/captures.ts";

export interface CorpusPacket {
  readonly linkType: number;
  readonly data: Uint8Array;
}

const packetsPerFile = 40;

/** Packets of the shared captures, the first ones of each file; none where there are no captures. */
export function readCorpus(): CorpusPacket[] {
  const folder = sharedCaptures();
  if (folder === undefined) return [];
  return captureFiles(folder).flatMap((path) => readCapture(path).slice(0, packetsPerFile));
}
