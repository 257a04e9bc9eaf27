/** Asks a node for its topology, and draws it as a tree. */
import { create } from "@bufbuild/protobuf";
import { limits } from "../config/limits.ts";
import {
  type ConnectedHunter,
  type ProcessorNode,
  ProcessorNodeSchema,
} from "../wire/gen/lippycat/management/management_pb.ts";
import type { Answer } from "./answer.ts";
import { cellText, fitText } from "./cell-text.ts";
import type { NodeClient } from "./connect.ts";
import { hunterJson } from "./hunter-view.ts";
import { paint, type Screen, type Tone } from "./screen.ts";
import { hunterStatusName, processorStatusName, toneOf } from "./status-name.ts";

/** The node with its hunters and everything below it. */
export async function showTopology(node: NodeClient): Promise<Answer> {
  const { processor } = await node.management.getTopology({});
  const root = processor ?? create(ProcessorNodeSchema, { reachable: true });
  return { json: nodeJson(root), lines: (screen) => renderTree(branchOf(root), screen) };
}

/** The keys are those of the existing client (docs/wire.md#command-line-client). */
function nodeJson(node: ProcessorNode): Record<string, unknown> {
  return {
    processor_id: node.processorId,
    address: node.address,
    status: processorStatusName(node.status),
    upstream_processor: node.upstreamProcessor,
    hierarchy_depth: node.hierarchyDepth,
    reachable: node.reachable,
    hunters: node.hunters.map(hunterJson),
    downstream_processors: node.downstreamProcessors.map(nodeJson),
  };
}

/** A line of the tree and what hangs on it. */
interface Branch {
  readonly text: string;
  readonly tone: Tone | undefined;
  readonly branches: readonly Branch[];
}

function branchOf(node: ProcessorNode): Branch {
  const status = processorStatusName(node.status);
  const reason = node.unreachableReason === "" ? "" : `: ${node.unreachableReason}`;
  const state = node.reachable ? status : `unreachable${reason}`;
  return {
    text: joined(["processor", node.processorId, node.address, state]),
    tone: node.reachable ? toneOf(status) : "bad",
    branches: [...node.hunters.map(leafOf), ...node.downstreamProcessors.map(branchOf)],
  };
}

function leafOf(hunter: ConnectedHunter): Branch {
  const status = hunterStatusName(hunter.status);
  return {
    text: joined(["hunter", hunter.hunterId, hunter.remoteAddr, status]),
    tone: toneOf(status),
    branches: [],
  };
}

function joined(words: readonly string[]): string {
  const shown = words.filter((word) => word !== "");
  return shown.map((word) => cellText(word, limits.clientCellCharsMax)).join("  ");
}

function renderTree(root: Branch, screen: Screen): string[] {
  const lines: string[] = [];
  const add = (branch: Branch, stem: string, fork: string, below: string): void => {
    const start = stem + fork;
    lines.push(
      start + paint(fitText(branch.text, screen.columns - start.length), branch.tone, screen),
    );
    for (const [index, next] of branch.branches.entries()) {
      const isLast = index === branch.branches.length - 1;
      add(next, stem + below, isLast ? "└─ " : "├─ ", isLast ? "   " : "│  ");
    }
  };
  add(root, "", "", "");
  return lines;
}
