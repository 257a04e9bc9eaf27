/**
 * Reads a filter file (docs/wire.md#filter-file). A block list is parsed some entries at a time, and
 * what was read before is not parsed again, so that control's thread is never held up by it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import { errorText } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import type { Filter } from "./filter.ts";
import { blockSlot, FilterText, type Slot } from "./filter-text.ts";
import { eolOf, inBrackets, withoutEntries, withoutKey } from "./list-layouts.ts";
import { readPlainEntry } from "./plain-entry.ts";
import { readEntry } from "./read-entry.ts";
import { type Remark, Remarks } from "./remarks.ts";
import { ownLength, type SplitList, splitList } from "./split-list.ts";
import { isNullNode, rangeOf } from "./yaml-nodes.ts";

export interface ReadFilters {
  /** Undefined when there are problems: then nothing of the file is to be used. */
  readonly text: FilterText | undefined;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** Entries by their text, from the reading before. */
export type KnownEntries = ReadonlyMap<string, Slot>;

export async function readFilters(text: string, known?: KnownEntries): Promise<ReadFilters> {
  const remarks = new Remarks(text);
  const { problems, warnings } = remarks;
  try {
    const read = await new Reader(text, remarks).read(known ?? new Map());
    return { text: remarks.isBroken ? undefined : read, problems, warnings };
  } catch (error) {
    // The parser recurses: absurd nesting ends in a RangeError.
    const problem = { line: 1, text: `cannot be read as YAML: ${errorText(error)}` };
    return { text: undefined, problems: [problem], warnings };
  }
}

export function knownEntries(text: FilterText): KnownEntries {
  const known = new Map<string, Slot>();
  for (const slot of text.parts.slots) if (slot.filter !== undefined) known.set(slot.raw, slot);
  return known;
}

/** The place in the whole text of an offset in what was parsed. */
type Place = (offset: number) => number;

class Reader {
  private readonly text: string;
  private readonly remarks: Remarks;
  /** Where the entry of an id begins. */
  private readonly places = new Map<string, number>();

  constructor(text: string, remarks: Remarks) {
    this.text = text;
    this.remarks = remarks;
  }

  async read(known: KnownEntries): Promise<FilterText | undefined> {
    const list = splitList(this.text);
    const read = list === undefined ? undefined : await this.readBlock(list, known);
    return read ?? (this.remarks.isBroken ? undefined : this.readWhole());
  }

  /** Undefined when what is around the list is not what it looks like. */
  private async readBlock(list: SplitList, known: KnownEntries): Promise<FilterText | undefined> {
    const { head, items, tail, indent } = list;
    if (this.isTooMany(items.length)) return undefined;
    const removed = this.text.length - head.length - tail.length;
    const found = this.listOf(head + tail, (offset) =>
      offset < head.length ? offset : offset + removed,
    );
    if (this.remarks.isBroken || found === undefined || !isNullNode(found.value)) return undefined;
    const slots = await this.readItems(list, known);
    const style = { kind: "block", indent, eol: eolOf(this.text) } as const;
    return new FilterText({ head, slots, tail, style, certain: true });
  }

  private async readItems(
    { head, items, indent }: SplitList,
    known: KnownEntries,
  ): Promise<Slot[]> {
    const slots: Slot[] = [];
    let at = head.length;
    /** Entries that the parser has to read, and where they begin. */
    let chunk: string[] = [];
    let chunkStart = at;
    let quick = 0;
    const parseChunk = async (): Promise<void> => {
      if (chunk.length === 0) return;
      this.parseItems(chunk, chunkStart, indent, slots);
      chunk = [];
      await nextTurn();
    };
    for (const raw of items) {
      if (this.remarks.isFull) return slots;
      const slot = known.get(raw) ?? plainSlot(raw, indent);
      if (slot?.filter !== undefined) {
        await parseChunk();
        if (this.isFirst(slot.filter.id, at)) slots.push(slot);
        if (++quick % quickPerTurn === 0) await nextTurn();
      } else {
        if (chunk.length === 0) chunkStart = at;
        chunk.push(raw);
        if (at + raw.length - chunkStart >= limits.filterParseCharsMax) await parseChunk();
      }
      at += raw.length;
    }
    await parseChunk();
    return slots;
  }

  private parseItems(chunk: readonly string[], start: number, indent: number, slots: Slot[]): void {
    const place: Place = (offset) => offset + start;
    const [document, ...more] = this.parse(chunk.join(""), place);
    const nodes = isSeq(document) ? document.items : [];
    if (more.length > 0 || nodes.length !== chunk.length) {
      this.remarks.problem(
        start,
        'the list of filters cannot be read from here on; each filter must begin with "- "',
      );
      return;
    }
    let at = start;
    for (const [index, raw] of chunk.entries()) {
      const filter = this.entry(nodes[index], place);
      if (filter !== undefined && this.isFirst(filter.id, at)) {
        slots.push(blockSlot(raw, filter, indent));
      }
      at += raw.length;
    }
  }

  /** Any other layout: JSON, a list in brackets, none at all. */
  private readWhole(): FilterText | undefined {
    const text = this.text;
    if (text.length > limits.filterWholeCharsMax) {
      const most = limits.filterWholeCharsMax.toLocaleString("en-US");
      const problem = `a file of more than ${most} characters must list its filters as "- id: …"`;
      this.remarks.problem(0, problem);
      return undefined;
    }
    const place: Place = (offset) => offset;
    const found = this.listOf(text, place);
    if (found === undefined) return withoutKey(text);
    const { value } = found;
    if (isNullNode(value)) return withoutEntries(text, value);
    if (!isSeq(value)) {
      this.remarks.problem(rangeOf(value)[0], "the value of filters: must be a list");
      return undefined;
    }
    const filters = value.items.map((node) => {
      const filter = this.entry(node, place);
      return filter !== undefined && this.isFirst(filter.id, rangeOf(node)[0]) ? filter : undefined;
    });
    return inBrackets(text, value, filters);
  }

  /** The value under `filters:`; undefined when the key is not there, or something is wrong. */
  private listOf(text: string, place: Place): { readonly value: unknown } | undefined {
    const [root, ...more] = this.parse(text, place);
    if (more.length > 0) {
      this.remarks.problem(0, "only one YAML document is expected");
      return undefined;
    }
    if (isNullNode(root)) return undefined;
    if (!isMap(root)) {
      const problem = "the file must have the key filters: with a list below it";
      this.remarks.problem(place(rangeOf(root)[0]), problem);
      return undefined;
    }
    for (const { key, value } of root.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (name === "filters") return { value };
      const hint = hintOf(nearestName(name, ["filters"]));
      if (hint === "") continue;
      this.remarks.problem(place(rangeOf(key)[0]), `unknown key ${name}${hint}`);
    }
    return undefined;
  }

  private parse(text: string, place: Place): unknown[] {
    return parseAllDocuments(text).map((document) => {
      for (const { pos, message } of document.errors) {
        // The library's text goes on with an excerpt of the source.
        const line = (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
        this.remarks.problem(place(pos[0]), line);
      }
      return document.contents;
    });
  }

  private entry(node: unknown, place: Place): Filter | undefined {
    return readEntry(node, (at, text, severity = "problem") =>
      this.remarks[severity](place(rangeOf(at)[0]), text),
    );
  }

  /** False, and a problem, for an id that was there before. */
  private isFirst(id: string, offset: number): boolean {
    const before = this.places.get(id);
    if (before === undefined) {
      this.places.set(id, offset);
      return true;
    }
    if (this.remarks.isFull) return false;
    const line = this.remarks.lineAt(before);
    const problem = `id ${quoteText(id, limits.settingShownCharsMax)} is already used by the filter in line ${line}`;
    this.remarks.problem(offset, problem);
    return false;
  }

  private isTooMany(count: number): boolean {
    if (count <= limits.filtersMax) return false;
    const most = limits.filtersMax.toLocaleString("en-US");
    this.remarks.problem(0, `${count} filters are too many; the most is ${most}`);
    return true;
  }
}

/** Entries that need no parser, between two looks at what else the thread has to do. */
const quickPerTurn = 1000;

function plainSlot(raw: string, indent: number): Slot | undefined {
  const length = ownLength(raw, indent);
  const filter = readPlainEntry(raw.slice(0, length), indent);
  return filter === undefined ? undefined : { raw, length, filter };
}
