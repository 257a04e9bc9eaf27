/** Settings that the configuration file gives, each with its line. */
import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import { errorText } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import type { ConfigFile } from "./config-file.ts";
import { limits } from "./limits.ts";
import { hintOf, nearestName } from "./nearest-name.ts";
import { concernsSecurity, type Given, type UnsupportedName } from "./setting.ts";

/** What a command takes from the file. */
export interface YamlNames {
  /** Sections in which every key must be known; other top-level sections are not looked at. */
  readonly sections: readonly string[];
  /** Dotted keys whose values are lists that others read. */
  readonly lists: readonly string[];
  /** Dotted keys that are settings. */
  readonly keys: ReadonlySet<string>;
  /** The keys that an error may propose: our own spellings. */
  readonly shownKeys: readonly string[];
  readonly unsupported: readonly UnsupportedName[];
}

export interface YamlSettings {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
  /** Names that are almost a section of the command, or stand beside its keys. */
  readonly warnings: readonly string[];
}

/** A YAML null, so that it can be told from a value that is not there. */
export const yamlNull = Symbol("null");
/** A list or a map where one value belongs. */
export const yamlCollection = Symbol("collection");

/** The values under the names of a command, each with its line; everything wrong is a problem. */
export function readYamlSettings(file: ConfigFile, names: YamlNames): YamlSettings {
  const lines = new LineCounter();
  try {
    const documents = parseAllDocuments(file.text, { lineCounter: lines });
    const walk = new Walk(file, names, lines);
    for (const [index, document] of documents.entries()) {
      for (const error of document.errors) {
        const line = lines.linePos(error.pos[0]).line;
        // The library's text goes on with an excerpt of the source.
        const text = (error.message.split("\n")[0] ?? "")
          .replace(/ at line \d+, column \d+:$/, "")
          // What is taken for a tag or the like may be a key that begins with ! or |.
          .replace(/^((?:Unresolved|Block scalar header) .*?): .*$/, "$1");
        walk.problems.push(`${file.path}:${line}: ${text}`);
      }
      if (document.errors.length > 0 || document.contents === null) continue;
      if (index > 0) walk.report(document.contents, "only one YAML document is expected");
      else walk.root(document.contents, (node) => (isAlias(node) ? node.resolve(document) : node));
    }
    return walk;
  } catch (error) {
    // The parser recurses: absurd nesting ends in a RangeError.
    const problems = [`${file.path}: cannot be read as YAML: ${errorText(error)}`];
    return { given: new Map(), problems, warnings: [] };
  }
}

const mergeKey = "merge keys (<<) are not supported; write out the keys that they stand for";

type Resolve = (node: unknown) => unknown;

class Walk implements YamlSettings {
  readonly given = new Map<string, Given>();
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  private readonly file: ConfigFile;
  private readonly names: YamlNames;
  private readonly lines: LineCounter;

  constructor(file: ConfigFile, names: YamlNames, lines: LineCounter) {
    this.file = file;
    this.names = names;
    this.lines = lines;
  }

  report(node: unknown, text: string): void {
    this.problems.push(`${this.file.path}:${this.lineOf(node)}: ${text}`);
  }

  root(contents: Node, resolve: Resolve): void {
    if (isMap(contents)) this.map(contents, "", resolve);
    else if (!isScalar(contents) || contents.value !== null) {
      this.report(
        contents,
        "the file must hold keys and values, such as processor: and the keys below it",
      );
    }
  }

  private map(map: YAMLMap, prefix: string, resolve: Resolve): void {
    for (const { key: keyNode, value: valueNode } of map.items) {
      const word = isScalar(keyNode) ? String(keyNode.value) : "?";
      if (word === "<<") {
        this.report(keyNode, mergeKey);
        continue;
      }
      const key = prefix + word;
      const found = resolve(valueNode);
      if (isAlias(valueNode) && found === undefined) {
        this.report(valueNode, `${this.show(key)}: the alias *${valueNode.source} is not defined`);
        continue;
      }
      const node = found ?? null;
      if (this.names.lists.includes(key)) continue;
      if (this.names.keys.has(key)) this.value(key, keyNode, node);
      else if (this.unsupported(key) !== undefined) this.reject(key, keyNode, node, resolve);
      else if (this.isSection(key)) {
        if (isMap(node)) this.map(node, `${key}.`, resolve);
        else if (!isEmpty(node))
          this.report(
            keyNode,
            `${key}: keys must follow below it, each with a space after its colon`,
          );
        else if (concernsSecurity(key)) this.report(keyNode, `${key}: nothing stands below it`);
      } else if (prefix === "") this.stranger(key, keyNode);
      else if (this.isOwned(key)) this.unknown(key, prefix, keyNode);
      else this.neighbour(key, prefix, keyNode);
    }
  }

  private value(key: string, keyNode: unknown, node: unknown): void {
    const line = this.lineOf(keyNode);
    const origin = { source: "file", path: this.file.path, line, key } as const;
    this.given.set(key, { origin, value: scalarOf(node) });
  }

  private unknown(key: string, prefix: string, keyNode: unknown): void {
    const shown = hintOf(nearestName(key, this.names.shownKeys));
    const hint = shown === "" ? this.hintBeside(key, prefix) : shown;
    this.report(keyNode, `unknown key ${this.show(key)}${hint}`);
  }

  private show(key: string): string {
    return /^[\w.-]{1,80}$/.test(key) ? key : quoteText(key, limits.settingShownCharsMax);
  }

  /** Beside our keys others may have theirs, unless it looks like a slip. */
  private neighbour(key: string, prefix: string, keyNode: unknown): void {
    const hint = this.hintBeside(key, prefix);
    if (hint === "") this.warn(keyNode, `${this.show(key)} is not read`);
    else this.report(keyNode, `unknown key ${this.show(key)}${hint}`);
  }

  private hintBeside(key: string, prefix: string): string {
    const depth = prefix.split(".").length;
    const known = [...this.names.keys, ...this.names.lists]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.split(".")[depth - 1] ?? "");
    return hintOf(nearestName(key.slice(prefix.length), known));
  }

  /** A top-level name belongs to another program, unless it looks like a slip or like one of ours. */
  private stranger(key: string, keyNode: unknown): void {
    const home = this.homeOf(key);
    if (home !== undefined) {
      const text = `${key} is not read at the top of the file; it belongs below ${home}:`;
      const mustBeRight = this.file.asked || concernsSecurity(`${home}.${key}`);
      if (mustBeRight) this.report(keyNode, text);
      else this.warn(keyNode, text);
      return;
    }
    const sections = this.names.sections.map((section) => section.split(".")[0] ?? "");
    const hint = hintOf(nearestName(key, sections));
    if (hint === "") return;
    this.warn(keyNode, `${this.show(key)} is not read${hint}`);
  }

  /** Below which key of ours that name is a key, or holds keys; undefined when below none. */
  private homeOf(key: string): string | undefined {
    if (foreignSections.has(key)) return undefined;
    const homes = [...this.names.keys, ...this.names.lists].flatMap((name) => {
      const words = name.split(".");
      const at = words.indexOf(key);
      return at > 0 ? [words.slice(0, at).join(".")] : [];
    });
    return homes.sort((one, other) => one.length - other.length)[0];
  }

  private warn(node: unknown, text: string): void {
    this.warnings.push(`${this.file.path}:${this.lineOf(node)}: ${text}`);
  }

  private unsupported(key: string): UnsupportedName | undefined {
    return this.names.unsupported.find(({ keys }) => keys.includes(key));
  }

  /** A key of another program is a problem, unless it switches off what this one lacks anyway. */
  private reject(key: string, keyNode: unknown, node: unknown, resolve: Resolve): void {
    const enabled = isMap(node) ? resolve(node.get("enabled", true)) : node;
    const value = scalarOf(enabled ?? null);
    if (value === false || value === "" || value === yamlNull) return;
    this.report(keyNode, `${key}: ${this.unsupported(key)?.reason}`);
  }

  private isSection(key: string): boolean {
    if (this.names.sections.includes(key)) return true;
    const start = `${key}.`;
    const isStart = (name: string) => name.startsWith(start);
    return (
      [...this.names.keys].some(isStart) ||
      this.names.unsupported.some(({ keys }) => keys.some(isStart))
    );
  }

  private isOwned(key: string): boolean {
    return this.names.sections.some((section) => key.startsWith(`${section}.`));
  }

  private lineOf(node: unknown): number {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return this.lines.linePos(range?.[0] ?? 0).line;
  }
}

/** Sections of programs that share the default file: they may have the name of a key of ours. */
const foreignSections: ReadonlySet<string> = new Set(
  "processor hunter remote watch sniff tap voip".split(" "),
);

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function scalarOf(node: unknown): unknown {
  if (isEmpty(node)) return yamlNull;
  if (!isScalar(node)) return yamlCollection;
  return node.value;
}
