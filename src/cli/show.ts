/** `weir show` */
import { setting } from "../config/setting.ts";
import { nameKind } from "../config/value-kinds.ts";
import { clientCommand } from "./client-command.ts";
import { type CommandGroup, commandGroup } from "./command-group.ts";

const showStatus = clientCommand({
  help: {
    name: "show status",
    summary: "Show a node's status and counters.",
    usage: "weir show status {--tls|--insecure} [flags]",
    examples: [
      ["weir show status --insecure -P 10.0.0.5:50051", "as a table"],
      ["weir show status --tls-ca ca.pem -P node.example:50051", "over TLS"],
      ["weir show status --insecure --json | jq .total_packets_received", "as JSON, for programs"],
    ],
  },
  rows: {},
  ask: async (node) => (await import("../client/status.ts")).showStatus(node),
});

const showHunter = clientCommand({
  help: {
    name: "show hunter",
    summary: "Show one hunter with its counters.",
    usage: "weir show hunter {--tls|--insecure} --id HUNTER [flags]",
    examples: [["weir show hunter --insecure -P 10.0.0.5:50051 --id edge-1", "one hunter"]],
  },
  rows: { id: idRow("Hunter to show") },
  check: ({ id }) => idNeeded(id.value, "weir list hunters shows the ids"),
  ask: async (node, { id }) => (await import("../client/hunters.ts")).showHunter(node, id.value),
});

const showFilter = clientCommand({
  help: {
    name: "show filter",
    summary: "Show one filter.",
    usage: "weir show filter {--tls|--insecure} --id FILTER [flags]",
    examples: [
      ["weir show filter --insecure -P 10.0.0.5:50051 --id alice", "one filter"],
      [
        "weir show filter --insecure --id alice --json > alice.json",
        "save it, to edit it and set it again",
      ],
    ],
  },
  rows: { id: idRow("Filter to show") },
  check: ({ id }) => idNeeded(id.value, "weir list filters shows the ids"),
  ask: async (node, { id }) => (await import("../client/filters.ts")).showFilter(node, id.value),
});

const showTopology = clientCommand({
  help: {
    name: "show topology",
    summary: "Show a node with its hunters and the nodes below it, as a tree.",
    usage: "weir show topology {--tls|--insecure} [flags]",
    examples: [["weir show topology --insecure -P 10.0.0.5:50051", "the tree"]],
  },
  rows: {},
  ask: async (node) => (await import("../client/topology.ts")).showTopology(node),
});

function idRow(help: string) {
  const group = "What to show";
  return setting({ flag: "id", keys: [], kind: nameKind, fallback: "", help, group });
}

function idNeeded(id: string, wayOut: string): string[] {
  return id === "" ? [`--id is needed; ${wayOut}`] : [];
}

export const showCommands: CommandGroup = commandGroup(
  "show",
  "Show a node's status, its topology, or one of its hunters or filters.",
  {
    status: async () => showStatus,
    hunter: async () => showHunter,
    filter: async () => showFilter,
    topology: async () => showTopology,
  },
);
