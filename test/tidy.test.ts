/** Style that matters: ranks of the rooms, sizes, names. CONTRIBUTING.md says why. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** A file imports only from a lower rank or from its own room; docs/architecture.md draws it. */
const ranks: Record<string, number> = {
  cli: 7,
  node: 6,
  door: 5,
  control: 5,
  web: 5,
  hunt: 5,
  client: 5,
  ingest: 4,
  access: 4,
  detect: 4,
  record: 4,
  fanout: 4,
  upstream: 4,
  roster: 4,
  filters: 4,
  "sip-calls": 4,
  enrich: 4,
  dial: 4,
  pipeline: 3,
  expression: 3,
  credentials: 3,
  telemetry: 2,
  packet: 2,
  dissect: 2,
  wire: 2,
  config: 1,
  base: 0,
};

/** The transport is known here alone: the others see messages and bytes. */
const grpcRooms = ["door", "hunt", "dial", "upstream"];

const linesMax = 400;
/** Longer than linesMax, each with its reason. */
const longFiles: Record<string, string> = {
  "src/config/limits.ts": "one table of every ceiling",
};

const root = dirname(import.meta.dir);
const generated = "src/wire/gen/";

const files = [...new Bun.Glob("{src,test,scripts}/**/*.{ts,mjs}").scanSync({ cwd: root })]
  .filter((path) => !path.startsWith(generated))
  .sort();
const sources = files.filter((path) => path.startsWith("src/"));

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/**
 * Every module that `text` names: import, import type, export from, dynamic import, import("…")
 * types, require, new URL("…", import.meta.url). A specifier that is computed is reported as "".
 */
function importsOf(text: string): string[] {
  const found: string[] = [];
  const code = withoutComments(text);
  const patterns = [
    /(?:^|[;}\n])\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"'\n]+)["']/g,
    /(?:^|[;}\n])\s*import\s*["']([^"'\n]+)["']/g,
    /\b(?:import|require)\s*\(\s*(?:["']([^"'\n]+)["'])?/g,
    /\bnew\s+URL\s*\(\s*["'](\.[^"'\n]+)["']\s*,\s*import\.meta\.url/g,
  ];
  for (const pattern of patterns) {
    for (const [, specifier = ""] of code.matchAll(pattern)) found.push(specifier);
  }
  return found;
}

/** Comments become blanks; strings stay, so that `//` inside of one is not taken for a comment. */
function withoutComments(text: string): string {
  return text.replaceAll(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_whole, literal?: string) => literal ?? " ",
  );
}

/** What is wrong with one import of one file of src/, or "". */
function importFault(path: string, specifier: string): string {
  const room = roomOf(path);
  if (specifier === "") return "a computed import cannot be checked";
  if (specifier === "@grpc/grpc-js" || specifier.startsWith("@grpc/grpc-js/")) {
    return grpcRooms.includes(room) ? "" : `${specifier} only in ${grpcRooms.join(", ")}`;
  }
  if (!specifier.startsWith(".")) return "";
  const target = normalize(join(dirname(path), specifier));
  if (!target.startsWith("src/")) return `${specifier} leaves src/`;
  const other = roomOf(target);
  if (other === room) return "";
  const [own, rank] = [ranks[room] ?? -1, ranks[other]];
  if (rank === undefined) return `${specifier} is in no room of the table`;
  return rank < own ? "" : `${room} (rank ${own}) may not import ${other} (rank ${rank})`;
}

function faults(check: (path: string) => string[], paths: readonly string[]): string[] {
  return paths.flatMap((path) => check(path).map((fault) => `${path}: ${fault}`));
}

describe("rooms", () => {
  test("every file of src is in a room of the table", () => {
    const strangers = sources.filter((path) => ranks[roomOf(path)] === undefined);
    expect(strangers).toEqual([]);
  });

  test("imports go to lower ranks, and gRPC stays in its rooms", () => {
    const check = (path: string) =>
      importsOf(textOf(path))
        .map((specifier) => importFault(path, specifier))
        .filter((fault) => fault !== "");
    expect(faults(check, sources)).toEqual([]);
  });

  test("the rule sees every way to import", () => {
    const seen = importsOf(`
      import a from "./a.ts"; import type { B } from "./b.ts";
      import {
        c,
      } from "./c.ts";
      import "./d.ts";
      export { e } from "./e.ts"; export * from "./f.ts"; export type { G } from "./g.ts";
      const h = await import("./h.ts"); let i: import("./i.ts").I;
      // import "./comment.ts"
      const url = "https://example.org"; /* import "./comment.ts" */ require("./j.ts");
      new Worker(new URL("./k.ts", import.meta.url)); import(computed);
    `);
    const named = [..."abcdefghijk"].map((letter) => `./${letter}.ts`);
    expect(seen.sort()).toEqual(["", ...named]);
    expect(importFault("src/base/x.ts", "../config/limits.ts")).toContain("may not import");
    expect(importFault("src/record/x.ts", "../detect/y.ts")).toContain("may not import");
    expect(importFault("src/record/x.ts", "../config/limits.ts")).toBe("");
    expect(importFault("src/record/x.ts", "@grpc/grpc-js")).toContain("only in");
  });
});

describe("files", () => {
  test(`have at most ${linesMax} lines`, () => {
    const check = (path: string) => {
      const lines = textOf(path).split("\n").length - 1;
      return lines > linesMax && longFiles[path] === undefined ? [`${lines} lines`] : [];
    };
    expect(faults(check, files)).toEqual([]);
  });

  test("are named in kebab-case after one noun", () => {
    const shape = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:worker|test))?\.(?:ts|mjs)$/;
    const drawers = /(?:^|[-.])(?:utils?|helpers?|managers?|common|misc|impl)(?:[-.]|$)/;
    const check = (path: string) => {
      const name = path.split("/").at(-1) ?? "";
      if (!shape.test(name)) return ["not kebab-case"];
      return drawers.test(name) ? ["says nothing about its content"] : [];
    };
    expect(faults(check, files)).toEqual([]);
  });

  test("say `private` for members of a class, not `#`", () => {
    const hash = /(?:^|[\s.(])#[a-z_]\w*\s*(?:[(:=;<?]|\.)/;
    const check = (path: string) =>
      hash.test(withoutComments(textOf(path))) ? ["has a member with #"] : [];
    expect(faults(check, files)).toEqual([]);
  });

  test("hold no reminders", () => {
    const reminder = new RegExp(`\\b(?:TO${"DO"}|FIX${"ME"}|X${"XX"})\\b`);
    const check = (path: string) => {
      const lines = textOf(path).split("\n");
      return lines.flatMap((line, index) => (reminder.test(line) ? [`line ${index + 1}`] : []));
    };
    expect(faults(check, files)).toEqual([]);
  });
});

describe("pages", () => {
  test("name tests and fuzzers that are there", () => {
    const check = (path: string) => {
      const named = textOf(path).matchAll(/\btest\/[\w/.-]+\.ts\b/g);
      return Array.from(named, ([name]) => name).filter((name) => !existsSync(join(root, name)));
    };
    const pages = ["*.md", "docs/**/*.md", "packaging/*.md"].flatMap((pattern) => [
      ...new Bun.Glob(pattern).scanSync({ cwd: root }),
    ]);
    expect(pages).toContain("docs/security.md");
    expect(faults(check, pages)).toEqual([]);
  });
});
