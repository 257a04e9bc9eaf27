/** `weir rm` */
import { setting } from "../config/setting.ts";
import { nameKind, pathKind } from "../config/value-kinds.ts";
import { clientCommand } from "./client-command.ts";
import { type CommandGroup, commandGroup } from "./command-group.ts";

const group = "Filter";

const removeFilter = clientCommand({
  help: {
    name: "rm filter",
    summary: "Remove a filter, or all filters that a file names.",
    usage: "weir rm filter {--tls|--insecure} {--id FILTER|-f FILE} [flags]",
    examples: [
      ["weir rm filter --insecure -P 10.0.0.5:50051 --id alice", "one filter"],
      [
        "weir list filters --insecure | jq -r '.[].id' | weir rm filter --insecure -f -",
        "every filter",
      ],
    ],
  },
  rows: {
    id: setting({
      flag: "id",
      keys: [],
      kind: nameKind,
      fallback: "",
      help: "Filter to remove",
      group,
    }),
    file: setting({
      flag: "file",
      short: "f",
      keys: [],
      kind: pathKind,
      fallback: "",
      help: "File with the ids of filters to remove, one per line; lines that begin with # are skipped; - means standard input",
      group,
      emptyFault: "the value is empty: name a file",
    }),
  },
  check: ({ id, file }) => {
    if (id.value !== "" && file.value !== "") return ["--id and --file exclude each other"];
    if (id.value !== "" || file.value !== "") return [];
    return ["--id or --file is needed; weir list filters shows the ids"];
  },
  ask: async (node, { id, file }) => {
    const { removeFilters } = await import("../client/filter-changes.ts");
    if (file.value === "") return removeFilters(node, [id.value], false);
    const { readInput } = await import("../client/input-file.ts");
    const { readIds } = await import("../client/id-file.ts");
    return removeFilters(node, readIds(readInput(file.value, "id file")), true);
  },
});

export const rmCommands: CommandGroup = commandGroup("rm", "Remove filters of a node.", {
  filter: async () => removeFilter,
});
