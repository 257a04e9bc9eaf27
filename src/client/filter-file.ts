import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { errorText } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { filterTypeOf } from "../wire/filter-type.ts";
import { type Filter, FilterSchema } from "../wire/gen/lippycat/management/management_pb.ts";
import { BadInput } from "./bad-input.ts";
import { checkId, checkPattern, checkType } from "./filter-check.ts";
import type { InputFile } from "./input-file.ts";

const keys = ["id", "type", "pattern", "target_hunters", "enabled", "description"];

/**
 * The filters of a file: a filter file of a node (contract.md section 3.2), or the JSON that
 * `list filters` or `show filter` prints, which is YAML too. A filter without an id gets a UUID; one
 * without `enabled` is off, as in a node's file. Throws `BadInput` with every problem and its line.
 */
export function readFilters(file: InputFile): Filter[] {
  const reader = new Reader(file);
  const filters = reader.read();
  if (reader.problems.length > 0) throw new BadInput(reader.problems);
  if (filters.length === 0) throw new BadInput([`${file.name}: there is no filter in it`]);
  return filters;
}

class Reader {
  readonly problems: string[] = [];
  readonly #file: InputFile;
  readonly #lines = new LineCounter();
  readonly #lineOfId = new Map<string, number>();

  constructor(file: InputFile) {
    this.#file = file;
  }

  read(): Filter[] {
    try {
      const document = parseDocument(this.#file.text, { lineCounter: this.#lines });
      for (const error of document.errors) {
        const line = this.#lines.linePos(error.pos[0]).line;
        // The library's text goes on with an excerpt of the source.
        const text = (error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:$/, "");
        this.problems.push(`${this.#file.name}:${line}: ${text}`);
      }
      if (document.errors.length > 0) return [];
      return this.#entries(document.contents).flatMap((entry) => this.#filter(entry) ?? []);
    } catch (error) {
      // The parser recurses: absurd nesting ends in a RangeError.
      this.problems.push(`${this.#file.name}: not readable: ${errorText(error)}`);
      return [];
    }
  }

  /** `filters: [...]`, a bare list, or one filter. */
  #entries(contents: Node | null): readonly unknown[] {
    if (isSeq(contents)) return contents.items;
    if (!isMap(contents)) return [];
    if (!contents.has("filters")) return [contents];
    const list = contents.get("filters", true);
    if (isSeq(list)) return list.items;
    if (list !== undefined && list.value !== null)
      this.#report(list, "filters: a list is expected");
    return [];
  }

  #filter(entry: unknown): Filter | undefined {
    if (!isMap(entry)) {
      this.#report(entry, "a filter is expected, with the keys type and pattern");
      return undefined;
    }
    const before = this.problems.length;
    this.#checkKeys(entry);
    const id = this.#text(entry, "id") ?? randomUUID();
    const typeName = this.#text(entry, "type");
    const pattern = this.#text(entry, "pattern");
    const type = typeName === undefined ? undefined : filterTypeOf(typeName);
    if (typeName === undefined) this.#miss(entry, "type");
    else this.#check(entry, "type", checkType(typeName));
    if (pattern === undefined) this.#miss(entry, "pattern");
    else if (type !== undefined) this.#check(entry, "pattern", checkPattern(type, pattern));
    this.#check(entry, "id", checkId(id));
    this.#checkTwice(entry, id);
    const rest = {
      targetHunters: this.#texts(entry, "target_hunters"),
      enabled: this.#switch(entry, "enabled"),
      description: this.#text(entry, "description") ?? "",
    };
    if (this.problems.length > before || type === undefined || pattern === undefined) {
      return undefined;
    }
    return create(FilterSchema, { id, type, pattern, ...rest });
  }

  #checkKeys(entry: YAMLMap): void {
    for (const { key } of entry.items) {
      const name = isScalar(key) ? String(key.value) : "?";
      if (keys.includes(name)) continue;
      const shown = quoteText(name, limits.settingShownCharsMax);
      this.#report(key, `unknown key ${shown}${hintOf(nearestName(name, keys))}`);
    }
  }

  /** Two filters of one id: the later would silently replace the earlier. */
  #checkTwice(entry: YAMLMap, id: string): void {
    const earlier = this.#lineOfId.get(id);
    if (earlier !== undefined) {
      this.#report(entry.get("id", true), `id: is that of line ${earlier}, too`);
    } else this.#lineOfId.set(id, this.#lineOf(entry));
  }

  #text(entry: YAMLMap, key: string): string | undefined {
    const node = entry.get(key, true);
    if (node === undefined) return undefined;
    // A number that was meant as text stands as it was written: 0049… must not lose its zeros.
    if (isScalar(node) && typeof node.value === "number" && node.source !== undefined) {
      return node.source;
    }
    if (isScalar(node) && typeof node.value === "string") return node.value;
    if (isScalar(node) && node.value === null && key !== "pattern") return undefined;
    this.#report(node, `${key}: a text is expected`);
    return "";
  }

  #texts(entry: YAMLMap, key: string): string[] {
    const list = entry.get(key, true) as unknown;
    if (list === undefined || (isScalar(list) && list.value === null)) return [];
    const items = isSeq(list) ? list.items : [list];
    const texts: string[] = [];
    for (const item of items) {
      const text = isScalar(item) && isSeq(list) ? String(item.source ?? item.value) : undefined;
      const problem = text === undefined ? "a list of hunters is expected" : checkId(text);
      if (problem !== undefined) this.#report(item, `${key}: ${problem}`);
      else if (text !== undefined) texts.push(text);
    }
    return texts;
  }

  #switch(entry: YAMLMap, key: string): boolean {
    const node = entry.get(key, true);
    if (node === undefined || node.value === null) return false;
    if (typeof node.value === "boolean") return node.value;
    this.#report(node, `${key}: true or false is expected`);
    return false;
  }

  #miss(entry: YAMLMap, key: string): void {
    this.#report(entry, `a filter needs a ${key}`);
  }

  #check(entry: YAMLMap, key: string, problem: string | undefined): void {
    if (problem !== undefined) this.#report(entry.get(key, true), `${key}: ${problem}`);
  }

  #report(node: unknown, text: string): void {
    this.problems.push(`${this.#file.name}:${this.#lineOf(node)}: ${text}`);
  }

  #lineOf(node: unknown): number {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return this.#lines.linePos(range?.[0] ?? 0).line;
  }
}
