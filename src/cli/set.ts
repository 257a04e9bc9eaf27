/** `weir set` */
import { randomUUID } from "node:crypto";
import { type ResolvedTable, setting } from "../config/setting.ts";
import { nameKind, namesKind, pathKind, switchKind, textKind } from "../config/value-kinds.ts";
import { checkFilter, unknownType } from "../filters/check-filter.ts";
import type { Filter } from "../filters/filter.ts";
import { nearestTypeName, typeNamed } from "../filters/filter-types.ts";
import { filterTypeNames } from "../wire/filter-type.ts";
import { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";
import { clientCommand } from "./client-command.ts";
import { type CommandGroup, commandGroup } from "./command-group.ts";

const group = "Filter";

const rows = {
  type: setting({
    flag: "type",
    short: "t",
    keys: [],
    kind: { ...textKind("TYPE"), words: filterTypeNames },
    fallback: "",
    help: "Type of the filter",
    group,
    check: checkType,
  }),
  pattern: setting({
    flag: "pattern",
    keys: [],
    kind: textKind("TEXT"),
    fallback: "",
    help: "Text to match; in most types, * matches anything",
    group,
    emptyFault: "the value is empty: a filter needs a pattern",
  }),
  id: setting({
    flag: "id",
    keys: [],
    kind: nameKind,
    fallback: "",
    fallbackText: "a new UUID",
    help: "Id of the filter; an existing filter with this id is replaced",
    group,
  }),
  description: setting({
    flag: "description",
    keys: [],
    kind: textKind("TEXT"),
    fallback: "",
    help: "A note for people",
    group,
  }),
  enabled: setting({
    flag: "enabled",
    keys: [],
    kind: switchKind,
    fallback: true,
    help: "Hunters apply the filter",
    group,
  }),
  hunters: setting({
    flag: "hunters",
    keys: [],
    kind: namesKind,
    fallback: [] as readonly string[],
    fallbackText: "every hunter that supports the type",
    help: "Hunters that apply the filter",
    group,
  }),
  file: setting({
    flag: "file",
    short: "f",
    keys: [],
    kind: pathKind,
    fallback: "",
    help:
      "File with filters to set: YAML like the filter file, or JSON from list filters. " +
      "- means standard input. In a file, a filter without enabled: true is off",
    group,
    emptyFault: "the value is empty: name a file",
  }),
};

type Settings = ResolvedTable<typeof rows>;

const setFilter = clientCommand({
  help: {
    name: "set filter",
    summary: "Create or replace a filter, or all filters of a file.",
    usage: "weir set filter {--tls|--insecure} {-t TYPE --pattern TEXT|-f FILE} [flags]",
    examples: [
      [
        "weir set filter --insecure -t sip_user --pattern alice --id alice",
        "a filter for all hunters",
      ],
      [
        "weir set filter --insecure -t ip_address --pattern 10.1.0.0/16 --hunters edge-1,edge-2",
        "a filter for two hunters",
      ],
      [
        "weir set filter --insecure -t sip_user --pattern alice --id alice --no-enabled",
        "switch this filter off",
      ],
      [
        "weir set filter --insecure -f filters.yaml",
        "all filters of a file; the exit status is that of the worst failure",
      ],
    ],
  },
  rows,
  check: checkTogether,
  ask: async (node, settings) => {
    const { setFilters } = await import("../client/filter-changes.ts");
    if (settings.file.value === "") return setFilters(node, [filterOf(settings)], false);
    const { readInput } = await import("../client/input-file.ts");
    const { readFilters } = await import("../client/filter-file.ts");
    return setFilters(node, await readFilters(readInput(settings.file.value, "filter file")), true);
  },
});

function checkTogether(settings: Settings): string[] {
  const { file, type, pattern, id, description, enabled, hunters } = settings;
  if (file.value !== "") {
    const given = [type, pattern, id, description, enabled, hunters].flatMap(({ origin }) =>
      origin.source === "flag" ? origin.name : [],
    );
    return given.length === 0 ? [] : [`${given.join(", ")} cannot be combined with --file`];
  }
  const needed = [type.value === "" ? "--type" : "", pattern.value === "" ? "--pattern" : ""];
  const absent = needed.filter((flag) => flag !== "");
  if (absent.length === 2) return ["--type and --pattern are needed, or --file"];
  if (absent.length === 1) return [`${absent[0]} is needed`];
  const fault = checkFilter(filterOf(settings));
  if (fault === undefined) return [];
  return [`--${fault.field === "target_hunters" ? "hunters" : fault.field} ${fault.text}`];
}

function checkType(name: string): string | undefined {
  if (typeNamed(name) !== undefined) return undefined;
  const nearest = nearestTypeName(name);
  return `${unknownType(name, nearest)}${nearest === undefined ? "; --help lists them" : ""}`;
}

function filterOf(settings: Settings): Filter {
  return {
    id: settings.id.value === "" ? randomUUID() : settings.id.value,
    type: typeNamed(settings.type.value) ?? FilterType.FILTER_SIP_USER,
    pattern: settings.pattern.value,
    targetHunters: settings.hunters.value,
    enabled: settings.enabled.value,
    description: settings.description.value,
  };
}

export const setCommands: CommandGroup = commandGroup(
  "set",
  "Create or replace filters of a node.",
  {
    filter: async () => setFilter,
  },
);
