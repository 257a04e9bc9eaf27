/**
 * Reads a filter file (contract.md section 3.2). A block list is parsed some entries at a time, and
 * what was read before is not parsed again, so that control's thread is never held up by it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import { errorText } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import type { Filter } from "./filter.ts";
import { blockSlot, FilterText, type Slot } from "./filter-text.ts";
import { readPlainEntry } from "./plain-entry.ts";
import { readEntry } from "./read-entry.ts";
import { ownLength, type SplitList, splitList } from "./split-list.ts";

export interface Remark {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface ReadFilters {
  /** Undefined when there are problems: then nothing of the file is to be used. */
  readonly text: FilterText | undefined;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** Entries by their text, from the reading before. */
export type KnownEntries = ReadonlyMap<string, Slot>;

export async function readFilters(text: string, known?: KnownEntries): Promise<ReadFilters> {
  const reader = new Reader(text);
  try {
    const slots = await reader.read(known ?? new Map());
    return { text: slots, problems: reader.problems, warnings: reader.warnings };
  } catch (error) {
    // The parser recurses: absurd nesting ends in a RangeError.
    const problem = { line: 1, text: `not readable YAML: ${errorText(error)}` };
    return { text: undefined, problems: [problem], warnings: [] };
  }
}

export function knownEntries(text: FilterText): KnownEntries {
  const known = new Map<string, Slot>();
  for (const slot of text.slots()) if (slot.filter !== undefined) known.set(slot.raw, slot);
  return known;
}

/** The text of a file that is not there. */
export function emptyFilterText(): FilterText {
  const style = { kind: "block", indent: 2, eol: "\n" } as const;
  return new FilterText({
    head: "",
    slots: [],
    tail: "",
    style,
    openHead: "filters:\n",
    certain: true,
  });
}

type Node = unknown;
/** A node's place in the whole text. */
type Place = (offset: number) => number;

class Reader {
  readonly problems: Remark[] = [];
  readonly warnings: Remark[] = [];
  readonly #text: string;
  /** Where the entry of an id begins. */
  readonly #places = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  async read(known: KnownEntries): Promise<FilterText | undefined> {
    const list = splitList(this.#text);
    if (list !== undefined && list.items.length > limits.filtersMax) {
      const most = limits.filtersMax.toLocaleString("en-US");
      this.#problem(0, `${list.items.length} filters are more than ${most}, the most`);
    }
    const parts = list === undefined ? undefined : await this.#readBlock(list, known);
    const read = parts ?? this.#readWhole();
    return this.problems.length > 0 ? undefined : read;
  }

  /** Undefined when what is around the list is not what it looks like. */
  async #readBlock(list: SplitList, known: KnownEntries): Promise<FilterText | undefined> {
    const { head, tail, indent } = list;
    const removed = this.#text.length - head.length - tail.length;
    const place: Place = (offset) => (offset < head.length ? offset : offset + removed);
    const found = this.#listOf(head + tail, place);
    if (this.problems.length > 0 || found === undefined || !isNull(found.value)) return undefined;
    const slots = await this.#readItems(list, known);
    const style = { kind: "block", indent, eol: eolOf(this.#text) } as const;
    return new FilterText({ head, slots, tail, style, certain: true });
  }

  async #readItems({ head, items, indent }: SplitList, known: KnownEntries): Promise<Slot[]> {
    const slots: Slot[] = [];
    let at = head.length;
    /** Entries that the parser has to read, and where they begin. */
    let chunk: string[] = [];
    let chunkStart = at;
    let quick = 0;
    const parseChunk = async (): Promise<void> => {
      if (chunk.length === 0) return;
      this.#parseItems(chunk, chunkStart, slots);
      chunk = [];
      await nextTurn();
    };
    for (const raw of items) {
      const slot = known.get(raw) ?? plainSlot(raw, indent);
      if (slot?.filter !== undefined) {
        await parseChunk();
        if (this.#isFirst(slot.filter.id, at)) slots.push(slot);
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

  #parseItems(chunk: readonly string[], start: number, slots: Slot[]): void {
    const place: Place = (offset) => offset + start;
    const [document, ...more] = this.#parse(chunk.join(""), place);
    const nodes = isSeq(document) ? document.items : [];
    if (more.length > 0 || nodes.length !== chunk.length) {
      this.#problem(start, "the list of filters cannot be made out here");
      return;
    }
    let at = start;
    for (const [index, raw] of chunk.entries()) {
      const filter = this.#entry(nodes[index], place);
      if (filter !== undefined && this.#isFirst(filter.id, at)) slots.push(blockSlot(raw, filter));
      at += raw.length;
    }
  }

  /** Any other layout: JSON, a list in brackets, none at all. */
  #readWhole(): FilterText | undefined {
    if (this.problems.length > 0) return undefined;
    const text = this.#text;
    if (text.length > limits.filterWholeCharsMax) {
      const most = limits.filterWholeCharsMax.toLocaleString("en-US");
      this.#problem(0, `a file of more than ${most} characters must list its filters as "- id: …"`);
      return undefined;
    }
    const place: Place = (offset) => offset;
    const found = this.#listOf(text, place);
    if (this.problems.length > 0) return undefined;
    if (found === undefined) return this.#withoutKey();
    const { value } = found;
    if (isNull(value)) return this.#empty(value);
    if (isSeq(value)) return this.#bracketed(value.items, rangeOf(value), place);
    this.#problem(rangeOf(value)[0], "filters: must be a list");
    return undefined;
  }

  #withoutKey(): FilterText {
    const text = this.#text;
    const eol = eolOf(text);
    const openHead = `${text}${text === "" || text.endsWith("\n") ? "" : eol}filters:${eol}`;
    const style = { kind: "block", indent: 2, eol } as const;
    return new FilterText({ head: text, slots: [], tail: "", style, openHead, certain: false });
  }

  /** `filters:` without a value, or with a null. */
  #empty(value: Node): FilterText {
    const text = this.#text;
    const eol = eolOf(text);
    const [start, end] = value === null ? [text.length, text.length] : rangeOf(value);
    const newline = text.indexOf("\n", end);
    const lineEnd = newline < 0 ? text.length : newline + 1;
    const style = { kind: "block", indent: 2, eol } as const;
    const openHead = text.slice(0, start) + text.slice(end, lineEnd) + (newline < 0 ? eol : "");
    const [head, tail] = [text.slice(0, lineEnd), text.slice(lineEnd)];
    return new FilterText({ head, slots: [], tail, style, openHead, certain: false });
  }

  /** A list in brackets, or a block list that begins on a line of its own kind. */
  #bracketed(
    nodes: readonly Node[],
    [start, end]: readonly [number, number],
    place: Place,
  ): FilterText | undefined {
    const slots: Slot[] = [];
    const text = this.#text;
    const first = nodes.length === 0 ? start + 1 : rangeOf(nodes[0])[0];
    const last = text[end - 1] === "]" ? end - 1 : end;
    for (const [index, node] of nodes.entries()) {
      const [from, to] = rangeOf(node);
      const next = index + 1 < nodes.length ? rangeOf(nodes[index + 1])[0] : last;
      const filter = this.#entry(node, place);
      if (filter === undefined || !this.#isFirst(filter.id, from)) continue;
      slots.push({ raw: text.slice(from, next), length: to - from, filter });
    }
    const [head, tail] = [text.slice(0, first), text.slice(nodes.length === 0 ? first : last)];
    const style = { kind: "flow" } as const;
    return new FilterText({ head, slots, tail, style, certain: false });
  }

  /** The value under `filters:`; undefined when the key is not there, or something is wrong. */
  #listOf(text: string, place: Place): { readonly value: Node } | undefined {
    const [root, ...more] = this.#parse(text, place);
    if (more.length > 0) {
      this.#problem(0, "only one YAML document is expected");
      return undefined;
    }
    if (root === undefined || isNull(root)) return undefined;
    if (!isMap(root)) {
      this.#problem(place(rangeOf(root)[0]), "the file must hold the key filters: with a list");
      return undefined;
    }
    for (const { key, value } of root.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (name === "filters") return { value };
      const hint = hintOf(nearestName(name, ["filters"]));
      if (hint !== "") this.#problem(place(rangeOf(key)[0]), `unknown key ${name}${hint}`);
    }
    return undefined;
  }

  #parse(text: string, place: Place): Node[] {
    return parseAllDocuments(text).map((document) => {
      for (const { pos, message } of document.errors) {
        // The library's text goes on with an excerpt of the source.
        const line = (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
        this.#problem(place(pos[0]), line);
      }
      return document.contents;
    });
  }

  #entry(node: Node, place: Place): Filter | undefined {
    return readEntry(node, (at, text, severity = "problem") => {
      const remarks = severity === "problem" ? this.problems : this.warnings;
      this.#remark(remarks, place(rangeOf(at)[0]), text);
    });
  }

  /** False, and a problem, for an id that was there before. */
  #isFirst(id: string, offset: number): boolean {
    const before = this.#places.get(id);
    if (before === undefined) {
      this.#places.set(id, offset);
      return true;
    }
    this.#problem(
      offset,
      `id: ${JSON.stringify(id)} is already the id of the filter in line ${this.#lineAt(before)}`,
    );
    return false;
  }

  #problem(offset: number, text: string): void {
    this.#remark(this.problems, offset, text);
  }

  #remark(remarks: Remark[], offset: number, text: string): void {
    if (remarks.length < limits.filterRemarksMax)
      remarks.push({ line: this.#lineAt(offset), text });
  }

  #lineAt(offset: number): number {
    let line = 1;
    let at = this.#text.indexOf("\n");
    while (at >= 0 && at < offset) {
      line++;
      at = this.#text.indexOf("\n", at + 1);
    }
    return line;
  }
}

/** Entries that need no parser, between two looks at what else the thread has to do. */
const quickPerTurn = 1000;

function plainSlot(raw: string, indent: number): Slot | undefined {
  const length = ownLength(raw);
  const filter = readPlainEntry(raw.slice(0, length), indent);
  return filter === undefined ? undefined : { raw, length, filter };
}

function isNull(node: Node): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function rangeOf(node: Node): readonly [start: number, end: number] {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
