/**
 * Reads who may call the node: `security.api_keys.keys` and `security.identities` of the
 * configuration file, and the file of keys, which has the same list. Texts of problems name a place
 * and never show a value.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { errorText } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import type { AccessRules, IdentityRule } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { readIdentity } from "./read-identity.ts";
import { type ReadKey, readKey } from "./read-keys.ts";

/** A file as problems name it, and its text. */
export interface AccessText {
  readonly path: string;
  readonly text: string;
}

export interface AccessTexts {
  readonly config: AccessText | undefined;
  readonly keys: AccessText | undefined;
  /** --api-key-auth or security.api_keys.enabled */
  readonly asksForKeys: boolean;
  /** Certificates of clients are asked for and verified. */
  readonly verifiesClients: boolean;
}

export interface ReadAccess {
  readonly rules: AccessRules;
  /** With any of them `rules` are not to be used. */
  readonly problems: readonly string[];
  /** Keys that stand in the configuration file. */
  readonly keysInConfig: number;
}

export function readAccess(texts: AccessTexts): ReadAccess {
  const { config, keys, asksForKeys } = texts;
  const problems: string[] = [];
  const inConfig = config && new Reader(config, problems);
  const inFile = keys && new Reader(keys, problems);
  const inConfigAt = ["security", "api_keys", "keys"];
  inConfig?.checkNames();
  // What nobody is asked for may be an example.
  const found = asksForKeys
    ? [...(inConfig?.keys(inConfigAt) ?? []), ...(inFile?.keys([]) ?? [])]
    : [];
  const identities = inConfig?.identities(["security", "identities"]) ?? [];
  checkUnique(found, problems);
  checkCounts(found.length, identities.length, problems);
  if (asksForKeys && found.length === 0 && problems.length === 0) {
    problems.push(
      "--api-key-auth (security.api_keys.enabled) is on, and there is no key: no client could make an RPC; " +
        "list keys under security.api_keys.keys, or in the file of security.api_keys.file",
    );
  }
  if (identities.length > 0 && !texts.verifiesClients) {
    problems.push(
      "security.identities needs verified client certificates: give --tls-ca FILE, the CA that issues them",
    );
  }
  const rules: AccessRules = { asksForKeys, keys: found.map(({ rule }) => rule), identities };
  return { rules, problems, keysInConfig: inConfig?.lengthOf(inConfigAt) ?? 0 };
}

interface PlacedKey extends ReadKey {
  readonly place: string;
}

function checkUnique(found: readonly PlacedKey[], problems: string[]): void {
  const places = new Map<string, string>();
  for (const { rule, place } of found) {
    const digest = Buffer.from(rule.digest).toString("hex");
    const before = places.get(digest);
    if (before !== undefined) problems.push(`${place}: the key is the same as that of ${before}`);
    else places.set(digest, place);
  }
}

function checkCounts(keys: number, identities: number, problems: string[]): void {
  const check = (count: number, max: number, what: string): void => {
    if (count > max) problems.push(`${count} ${what} are too many; the most is ${max}`);
  };
  check(keys, limits.apiKeysMax, "API keys");
  check(identities, limits.accessIdentitiesMax, "identities");
}

class Reader {
  private readonly path: string;
  private readonly problems: string[];
  private readonly lines = new LineCounter();
  private readonly root: unknown;

  constructor({ path, text }: AccessText, problems: string[]) {
    this.path = path;
    this.problems = problems;
    this.root = this.parse(text);
  }

  /** What was meant for one of our names and is not read would let in whom it was to keep out. */
  checkNames(): void {
    this.checkNamesBelow([], ["security"]);
    this.checkNamesBelow(["security"], ["api_keys", "identities"]);
  }

  keys(path: readonly string[]): PlacedKey[] {
    return this.list(path).flatMap((node) => {
      const line = this.lineOf(node);
      const key = readKey(node, line, this.report);
      return key === undefined ? [] : [{ ...key, place: `${this.path}:${line}` }];
    });
  }

  /** Entries below these keys, whatever they are. */
  lengthOf(path: readonly string[]): number {
    const node = this.nodeAt(path);
    return isSeq(node) ? node.items.length : 0;
  }

  identities(path: readonly string[]): IdentityRule[] {
    return this.list(path).flatMap((node) => readIdentity(node, this.report) ?? []);
  }

  /** What is listed below these keys; the file of keys may have its list under `keys`, too. */
  private list(path: readonly string[]): readonly unknown[] {
    let node = this.nodeAt(path);
    if (path.length === 0 && isMap(node)) node = node.get("keys", true);
    if (node === null || node === undefined) return [];
    if (isScalar(node) && node.value === null) return [];
    if (isSeq(node)) return node.items;
    const name = path.join(".") || "the API key file";
    const wrong = isAlias(node)
      ? "uses an alias (*name), which is not supported"
      : "must be a list of entries";
    this.report(node, `${name} ${wrong}`);
    return [];
  }

  private checkNamesBelow(path: readonly string[], known: readonly string[]): void {
    const map = this.nodeAt(path);
    for (const { key } of isMap(map) ? map.items : []) {
      const name = isScalar(key) ? String(key.value) : "";
      if (known.includes(name)) continue;
      // A name with dots is one name to YAML: what was meant to be below it is not.
      const [first = ""] = name.toLowerCase().split(".");
      const meant = nearestName(first, known);
      if (meant === undefined) continue;
      const shown = quoteText(name, limits.settingShownCharsMax);
      this.report(key, `unknown key ${shown}${hintOf(meant)}`);
    }
  }

  /** What is there; an alias that is in the way. */
  private nodeAt(path: readonly string[]): unknown {
    let node = this.root;
    for (const name of path) {
      if (isAlias(node)) return node;
      node = isMap(node) ? node.get(name, true) : undefined;
    }
    return node;
  }

  private readonly report = (node: unknown, text: string): void => {
    if (this.problems.length < limits.accessProblemsMax) {
      this.problems.push(`${this.path}:${this.lineOf(node)}: ${text}`);
    }
  };

  private parse(text: string): unknown {
    try {
      const [document, ...more] = parseAllDocuments(text, { lineCounter: this.lines });
      if (document === undefined || !("contents" in document)) return undefined;
      const errors = [document, ...more].flatMap((each) => each.errors);
      for (const { pos } of errors) {
        // The library's text quotes the source, which has the keys in it.
        const { line } = this.lines.linePos(pos[0]);
        this.problems.push(`${this.path}:${line}: the YAML is not correct`);
      }
      if (errors.length === 0 && more.length > 0) {
        this.report(more[0]?.contents, "only one YAML document is expected");
      }
      return this.problems.length > 0 ? undefined : document.contents;
    } catch (error) {
      // The parser recurses: absurd nesting ends in a RangeError.
      this.problems.push(`${this.path}: cannot be read as YAML: ${errorText(error)}`);
      return undefined;
    }
  }

  private lineOf(node: unknown): number {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return this.lines.linePos(range?.[0] ?? 0).line;
  }
}
