/** What test/captures/expected.tsv says is in each capture. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Folder of the captures that were recorded from real programs. */
export const capturesFolder: string = join(import.meta.dir, "../captures");

export interface ExpectedLabel {
  readonly flows: number;
  /** All packets of these flows, also those before the first with payload. */
  readonly packets: number;
}

/** Labels by capture file; a file without labelled flows has an empty map. */
export function readExpectedLabels(): Map<string, Map<string, ExpectedLabel>> {
  const captures = new Map<string, Map<string, ExpectedLabel>>();
  const text = readFileSync(join(capturesFolder, "expected.tsv"), "utf8");
  for (const line of text.split("\n").slice(1)) {
    if (line === "") continue;
    const [capture = "", , , , protocol = "", packets = ""] = line.split("\t");
    if (!/^\d+$/.test(packets)) throw new Error(`expected.tsv: ${line}`);
    const labels = captures.get(capture) ?? new Map<string, ExpectedLabel>();
    captures.set(capture, labels);
    if (protocol === "-") continue;
    const before = labels.get(protocol) ?? { flows: 0, packets: 0 };
    labels.set(protocol, {
      flows: before.flows + 1,
      packets: before.packets + Number(packets),
    });
  }
  return captures;
}
