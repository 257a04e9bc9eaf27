/** The text of an entry in the filter file: a new one, and one of the user's with other values. */
import { isCollection, isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from "yaml";
import { filterTypeName } from "../wire/filter-type.ts";
import type { FilterField } from "./check-filter.ts";
import { type Filter, sameFilter, sameTexts } from "./filter.ts";
import { readEntry } from "./read-entry.ts";
import { rangeOf } from "./yaml-nodes.ts";

/** Where an entry stands. */
export type EntryStyle =
  | { readonly kind: "block"; readonly indent: number; readonly eol: string }
  | { readonly kind: "flow" };

/** JSON strings are double-quoted YAML; what JSON leaves as it is, some readers take for a line end. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The fields that are written, in the order of the mission's example. */
function valuesOf(filter: Filter): [field: FilterField, value: string, needed: boolean][] {
  const targets = filter.targetHunters;
  return [
    ["id", quoted(filter.id), true],
    ["type", filterTypeName(filter.type), true],
    ["pattern", quoted(filter.pattern), true],
    ["target_hunters", `[${targets.map(quoted).join(", ")}]`, targets.length > 0],
    ["enabled", String(filter.enabled), true],
    ["description", quoted(filter.description), filter.description !== ""],
  ];
}

export function renderEntry(filter: Filter, style: EntryStyle): string {
  const pairs = valuesOf(filter).flatMap(([field, value, needed]) =>
    needed ? [`${field}: ${value}`] : [],
  );
  if (style.kind === "flow") return `{ ${pairs.join(", ")} }`;
  const margin = " ".repeat(style.indent);
  const lines = pairs.map((pair, index) => `${margin}${index === 0 ? "- " : "  "}${pair}`);
  return lines.join(style.eol) + style.eol;
}

/**
 * `text`, an entry that reads as `before`, with the values of `after`: what did not change stays as
 * the user wrote it, comments, order and unknown keys included. Where that cannot be done, the entry
 * is written anew.
 */
export function editEntry(text: string, before: Filter, after: Filter, style: EntryStyle): string {
  const edited = replaceValues(text, before, after, style);
  const readBack = edited === undefined ? undefined : readText(edited, style);
  if (edited === undefined || readBack === undefined) return renderEntry(after, style);
  return sameFilter(readBack, after) ? edited : renderEntry(after, style);
}

/** The map of an entry's text; undefined when it is none. */
function mapOf(text: string, style: EntryStyle): YAMLMap | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  let node: unknown = document.contents;
  if (style.kind === "block") {
    if (!isSeq(node) || node.items.length !== 1) return undefined;
    node = node.items[0];
  }
  return isMap(node) ? node : undefined;
}

function readText(text: string, style: EntryStyle): Filter | undefined {
  const map = mapOf(text, style);
  let faults = 0;
  const filter = readEntry(map, (_node, _text, severity) => {
    if (severity !== "warning") faults++;
  });
  return faults === 0 ? filter : undefined;
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function replaceValues(
  text: string,
  before: Filter,
  after: Filter,
  style: EntryStyle,
): string | undefined {
  const map = mapOf(text, style);
  if (map === undefined) return undefined;
  const replacements: Replacement[] = [];
  const missing: string[] = [];
  for (const [field, value, needed] of valuesOf(after)) {
    if (!differs(field, before, after)) continue;
    const pair = map.items.find(({ key }) => isScalar(key) && key.value === field);
    if (pair !== undefined) replacements.push(replacementOf(pair, text, value));
    else if (needed) missing.push(`${field}: ${value}`);
  }
  if (missing.length > 0) replacements.push(insertion(map, text, missing, style));
  replacements.sort((a, b) => b.start - a.start);
  let edited = text;
  for (const { start, end, text: inserted } of replacements) {
    edited = edited.slice(0, start) + inserted + edited.slice(end);
  }
  return edited;
}

function differs(field: FilterField, a: Filter, b: Filter): boolean {
  if (field === "target_hunters") return !sameTexts(a.targetHunters, b.targetHunters);
  return a[field] !== b[field];
}

function isOneLine(text: string, node: unknown): boolean {
  const [start, end] = rangeOf(node);
  if (end <= start || text.slice(start, end).includes("\n")) return false;
  return isScalar(node) || (isCollection(node) && node.flow === true);
}

function replacementOf(pair: Pair, text: string, value: string): Replacement {
  const [start, end] = rangeOf(pair.value);
  if (isOneLine(text, pair.value)) return { start, end, text: value };
  // Nothing, or several lines: everything behind the key is replaced.
  const [, keyEnd] = rangeOf(pair.key);
  const valueEnd = Math.max(end, keyEnd);
  const lineEnd = /\r?\n$/.exec(text.slice(keyEnd, valueEnd))?.[0] ?? "";
  const follows = text[valueEnd] ?? "\n";
  const gap = lineEnd !== "" || /[\s,}\]]/.test(follows) ? "" : " ";
  return { start: keyEnd, end: valueEnd, text: `: ${value}${gap}${lineEnd}` };
}

/** New pairs behind the last one of the entry. */
function insertion(
  map: YAMLMap,
  text: string,
  pairs: readonly string[],
  style: EntryStyle,
): Replacement {
  const last = map.items.at(-1);
  const [, lastEnd] = rangeOf(last?.value ?? last?.key);
  if (map.flow === true || style.kind === "flow") {
    return { start: lastEnd, end: lastEnd, text: `, ${pairs.join(", ")}` };
  }
  const [keyStart] = rangeOf(map.items[0]?.key);
  const column = keyStart - (text.lastIndexOf("\n", keyStart - 1) + 1);
  const margin = " ".repeat(column);
  const lines = pairs.map((pair) => margin + pair + style.eol).join("");
  // Behind the rest of the last line, which may hold a comment.
  const newline = text[lastEnd - 1] === "\n" ? lastEnd - 1 : text.indexOf("\n", lastEnd);
  if (newline < 0) return { start: text.length, end: text.length, text: style.eol + lines };
  return { start: newline + 1, end: newline + 1, text: lines };
}
