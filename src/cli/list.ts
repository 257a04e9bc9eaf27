/** `weir list` */
import { setting } from "../config/setting.ts";
import { nameKind } from "../config/value-kinds.ts";
import { clientCommand } from "./client-command.ts";
import { type CommandGroup, commandGroup } from "./command-group.ts";

const listFilters = clientCommand({
  help: {
    name: "list filters",
    summary: "Show the filters of a node.",
    usage: "weir list filters {--tls|--insecure} [flags]",
    examples: [
      ["weir list filters --insecure -P 10.0.0.5:50051", "every filter"],
      ["weir list filters --insecure --hunter edge-1", "only those that apply to one hunter"],
      ["weir list filters --insecure --json > filters.json", "save them for set filter -f"],
    ],
  },
  rows: {
    hunter: setting({
      flag: "hunter",
      keys: [],
      kind: nameKind,
      fallback: "",
      help: "Show only filters that apply to this hunter",
      group: "What to show",
    }),
  },
  ask: async (node, { hunter }) => {
    const filters = await import("../client/filters.ts");
    return filters.listFilters(node, hunter.value);
  },
});

const listHunters = clientCommand({
  help: {
    name: "list hunters",
    summary: "Show the hunters of a node.",
    usage: "weir list hunters {--tls|--insecure} [flags]",
    examples: [
      ["weir list hunters --insecure -P 10.0.0.5:50051", "every hunter"],
      [
        "weir list hunters --insecure --json | jq -r '.[] | select(.status == \"error\").hunter_id'",
        "ids of the hunters whose status is error",
      ],
    ],
  },
  rows: {},
  ask: async (node) => (await import("../client/hunters.ts")).listHunters(node),
});

export const listCommands: CommandGroup = commandGroup(
  "list",
  "List the filters or the hunters of a node.",
  { filters: async () => listFilters, hunters: async () => listHunters },
);
