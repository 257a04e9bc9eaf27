/** One entry, keys and values, of a list that the access rules are written in. */
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";

/** Something that is wrong with a node of the file. It never quotes a value: that may be a key. */
export type Report = (node: unknown, text: string) => void;

/** Reads the fields of an entry; everything wrong is reported, and `failed` tells. */
export class YamlEntry {
  failed = false;
  readonly node: unknown;
  private readonly report: Report;
  private readonly fields = new Map<string, { readonly key: unknown; readonly value: unknown }>();

  constructor(node: unknown, names: readonly string[], report: Report) {
    this.node = node;
    this.report = report;
    if (!isMap(node)) {
      this.fail("", `an entry must have keys and values: ${names.join(", ")}`);
      return;
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      this.fields.set(name, { key, value });
      const shown = quoteText(name, limits.settingShownCharsMax);
      // Whoever swaps key and value must not find the secret in the log.
      const unknown = name.length > 40 ? "unknown key" : `unknown key ${shown}`;
      if (!names.includes(name)) this.fail(name, unknown + hintOf(nearestName(name, names)));
      else if (isAlias(value))
        this.fail(name, `${name} uses an alias (*name), which is not supported`);
    }
  }

  fail(field: string, text: string): void {
    this.failed = true;
    this.report(this.fields.get(field)?.key ?? this.node, text);
  }

  /** The field is there, be it without a value. */
  names(field: string): boolean {
    return this.fields.has(field);
  }

  /** The field has a value. */
  has(field: string): boolean {
    return !isAbsent(this.fields.get(field)?.value);
  }

  /** "" where nothing is given. */
  text(field: string, charsMax: number): string {
    const value = this.fields.get(field)?.value;
    if (isAbsent(value)) return "";
    if (!isScalar(value) || typeof value.value !== "string") {
      this.fail(field, `${field} must be one text; put it in quotes`);
      return "";
    }
    if (value.value.length <= charsMax && !/\p{Cc}/u.test(value.value)) return value.value;
    this.fail(
      field,
      `${field} must have at most ${charsMax} characters, and no control characters`,
    );
    return "";
  }

  /** One text or a list of them; empty where nothing is given. */
  texts(field: string): readonly string[] {
    const value = this.fields.get(field)?.value;
    if (isAbsent(value)) return [];
    const nodes: readonly unknown[] = isSeq(value) ? value.items : [value];
    const texts = nodes.map((node) => (isScalar(node) ? node.value : undefined));
    if (texts.every((text) => typeof text === "string")) return texts;
    this.fail(field, `${field} must be one text, or a list of texts`);
    return [];
  }
}

function isAbsent(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}
