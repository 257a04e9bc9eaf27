/** Asks a node for its hunters. */
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Answer } from "./answer.ts";
import type { NodeClient } from "./connect.ts";
import { hunterDetails, hunterJson, hunterTable } from "./hunter-view.ts";
import { renderDetails } from "./table.ts";

/** The hunters of the node and of those below it, by id. */
export async function listHunters(node: NodeClient): Promise<Answer> {
  const { hunters, processorStats } = await node.management.getHunterStatus({});
  hunters.sort((a, b) => (a.hunterId < b.hunterId ? -1 : 1));
  const total = processorStats?.totalHunters ?? 0;
  const isCut = total > hunters.length;
  const cut = `${hunters.length} of ${total} hunters are shown: one answer has no room for more; weir show hunter --id ID shows the others`;
  return {
    json: hunters.map(hunterJson),
    lines: (screen) => hunterTable(hunters, screen),
    warnings: isCut ? [cut] : [],
  };
}

export async function showHunter(node: NodeClient, hunterId: string): Promise<Answer> {
  const { hunters } = await node.management.getHunterStatus({ hunterId });
  // A node may answer with all of them.
  const hunter = hunters.find((candidate) => candidate.hunterId === hunterId);
  if (hunter === undefined) {
    const shown = quoteText(hunterId, limits.settingShownCharsMax);
    throw new WeirError("not-found", `no hunter ${shown}; weir list hunters shows the ids`);
  }
  return { json: hunterJson(hunter), lines: () => renderDetails(hunterDetails(hunter)) };
}
