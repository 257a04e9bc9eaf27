/** One entry of the list in a filter file (docs/wire.md#filter-file). */
import { isAlias, isMap, isScalar, isSeq, type YAMLMap } from "yaml";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { checkFilter, type FilterField, normalizeFilter, unknownType } from "./check-filter.ts";
import type { Filter } from "./filter.ts";
import { nearestTypeName, typeNamed } from "./filter-types.ts";
import { isNullNode } from "./yaml-nodes.ts";

const filterFields: readonly FilterField[] = [
  "id",
  "type",
  "pattern",
  "target_hunters",
  "enabled",
  "description",
];

/** Something to say about a node of the file. */
export type Report = (node: unknown, text: string, severity?: "problem" | "warning") => void;

/** The filter that `node` stands for; undefined when something is wrong, which is then reported. */
export function readEntry(node: unknown, report: Report): Filter | undefined {
  if (!isMap(node)) {
    report(node, "an entry must have keys and values: id, type, pattern, enabled");
    return undefined;
  }
  const fields = fieldsOf(node, report);
  if (fields === undefined) return undefined;
  const entry = new Entry(node, fields, report);
  const type = entry.type();
  const draft = {
    id: entry.text("id"),
    pattern: entry.text("pattern"),
    targetHunters: entry.texts("target_hunters"),
    enabled: entry.enabled(),
    description: entry.text("description"),
  };
  if (entry.failed || type === undefined) return undefined;
  const filter = normalizeFilter({ ...draft, type });
  const fault = checkFilter(filter);
  if (fault === undefined) return filter;
  entry.fail(fault.field, fault.text);
  return undefined;
}

interface Field {
  readonly key: unknown;
  readonly value: unknown;
}

function fieldsOf(map: YAMLMap, report: Report): Map<string, Field> | undefined {
  const fields = new Map<string, Field>();
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (isAlias(value) || name === "<<") {
      report(key, "aliases (*name) and merge keys (<<) are not supported; write the value itself");
      return undefined;
    }
    fields.set(name, { key, value });
    if ((filterFields as readonly string[]).includes(name)) continue;
    const shown = quoteText(name, limits.settingShownCharsMax);
    const hint = hintOf(nearestName(name, filterFields));
    report(key, `${shown} is not read${hint}`, "warning");
  }
  return fields;
}

class Entry {
  failed = false;
  private readonly map: YAMLMap;
  private readonly fields: ReadonlyMap<string, Field>;
  private readonly report: Report;
  private readonly name: string;

  constructor(map: YAMLMap, fields: ReadonlyMap<string, Field>, report: Report) {
    this.map = map;
    this.fields = fields;
    this.report = report;
    const id = scalarText(fields.get("id")?.value) ?? "";
    this.name = id === "" ? "" : `filter ${quoteText(id, limits.settingShownCharsMax)}: `;
  }

  fail(field: FilterField, text: string): void {
    this.failed = true;
    this.report(this.fields.get(field)?.key ?? this.map, `${this.name}${field} ${text}`);
  }

  /** "" where nothing is given. Numbers are taken as they are written: `0049…` is a number, too. */
  text(field: FilterField): string {
    const value = this.fields.get(field)?.value;
    if (isNullNode(value)) return "";
    const text = scalarText(value);
    if (text === undefined) this.fail(field, "must be one text; put it in quotes");
    return text ?? "";
  }

  texts(field: FilterField): readonly string[] {
    const value = this.fields.get(field)?.value;
    if (isNullNode(value)) return [];
    const texts = isSeq(value) ? value.items.map(scalarText) : [undefined];
    if (!texts.every((text) => text !== undefined)) {
      this.fail(field, "must be a list of hunter ids, such as [hunter-1, hunter-2]");
      return [];
    }
    return texts;
  }

  type() {
    const name = this.text("type");
    if (this.failed) return undefined;
    const type = typeNamed(name);
    if (name === "") this.fail("type", "is missing");
    else if (type === undefined) this.fail("type", unknownType(name, nearestTypeName(name)));
    return type;
  }

  /** Absent is false. The words of YAML 1.1 are what other readers of this file take, too. */
  enabled(): boolean {
    const value = this.fields.get("enabled")?.value;
    if (isNullNode(value)) return false;
    const text = scalarText(value) ?? "";
    if (/^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/.test(text)) return true;
    if (!/^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/.test(text)) {
      this.fail("enabled", "must be true or false");
    }
    return false;
  }
}

function scalarText(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  if (typeof node.value === "string") return node.value;
  return node.source ?? String(node.value);
}
