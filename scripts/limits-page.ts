/** The tables of docs/limits.md, made of src/config/limits.ts: its sections, comments and values. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { limits } from "../src/config/limits.ts";

const root = dirname(import.meta.dir);
const source = join(root, "src/config/limits.ts");
const path = join(root, "docs/limits.md");
const tableHead = "| limit | value | meaning, and memory at the worst |\n|---|---|---|";

export interface LimitText {
  readonly name: string;
  readonly text: string;
}

/** The limits of each section of the source; a limit without a comment has the text "". */
export function limitTexts(text: string): Map<string, LimitText[]> {
  const sections = new Map<string, LimitText[]>();
  let rows: LimitText[] = [];
  const parts = /\/\/ --- (.+?) -+\n|^ {2}(?:\/\*\*([\s\S]*?)\*\/\s+)?(\w+): .+,$/gm;
  for (const [, section, comment = "", name] of text.matchAll(parts)) {
    if (section !== undefined) {
      rows = [];
      sections.set(section, rows);
    } else if (name !== undefined) {
      rows.push({ name, text: comment.replaceAll(/\s+(?:\* )?/g, " ").trim() });
    }
  }
  return sections;
}

/** The page with its tables as the source has them; throws when one of both has a section alone. */
export function limitsPage(
  page = readFileSync(path, "utf8"),
  text = readFileSync(source, "utf8"),
): string {
  const sections = limitTexts(text);
  const shown = page.replaceAll(
    /<!-- limits: (.+) -->\n[\s\S]*?<!-- \/limits -->/g,
    (_whole, section: string) => {
      const rows = sections.get(section);
      if (rows === undefined) throw new Error(`limits.ts has no section "${section}"`);
      sections.delete(section);
      const lines = rows.map(rowOf).join("\n");
      return `<!-- limits: ${section} -->\n${tableHead}\n${lines}\n<!-- /limits -->`;
    },
  );
  for (const section of sections.keys()) throw new Error(`docs/limits.md lacks "${section}"`);
  return shown;
}

/** True when the page is as it should be; with `write` it is made so. */
export function settleLimitsPage(write: boolean): boolean {
  const page = limitsPage();
  if (page === readFileSync(path, "utf8")) return true;
  if (write) writeFileSync(path, page);
  return write;
}

function rowOf({ name, text }: LimitText): string {
  const value = (limits as Readonly<Record<string, number>>)[name];
  if (value === undefined) throw new Error(`${name} is no limit`);
  return `| \`${name}\` | ${showLimit(name, value)} | ${text} |`;
}

/** A value with the unit that its name says. */
export function showLimit(name: string, value: number): string {
  const text = (count: number): string => count.toLocaleString("en-US");
  if (/bytes/i.test(name)) {
    const units = ["TiB", "GiB", "MiB", "KiB"];
    for (const [index, unit] of units.entries()) {
      const size = 1024 ** (units.length - index);
      if (value >= size && value % size === 0) return `${text(value / size)} ${unit}`;
    }
    return `${text(value)} B`;
  }
  if (/Ms(Min|Max)?$/.test(name)) {
    return value >= 1000 && value % 1000 === 0 ? `${text(value / 1000)} s` : `${text(value)} ms`;
  }
  if (name.includes("Seconds")) return `${text(value)} s`;
  return value < 1 ? `${Math.round(value * 100)} %` : text(value);
}
