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
  grpc: 3,
  expression: 3,
  credentials: 3,
  telemetry: 2,
  "capture-format": 2,
  http2: 2,
  packet: 2,
  dissect: 2,
  wire: 2,
  config: 1,
  base: 0,
};

/** The transport is known here alone: the others see messages and bytes. */
const grpcRooms = ["dial"];

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

/** The comments of `text`, without the addresses of web pages in them. */
function commentsOf(text: string): string {
  const found: string[] = [];
  text.replaceAll(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (whole, literal?: string) => {
      if (literal === undefined) found.push(whole.replaceAll(/\n\s*\*(?!\/)/g, "\n"));
      return whole;
    },
  );
  return found.join("\n").replaceAll(/https?:\/\/\S+/g, "");
}

/** Anchors of a page: `<a id="…">`, and its headings as GitHub makes anchors of them. */
function anchorsOf(path: string): Set<string> {
  const text = textOf(path);
  const ids = Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id = ""]) => id);
  const headings = Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...ids, ...headings]);
}

/**
 * What is wrong with the citation of `target` and its anchors by a file of `directory`, or "". A test
 * may be named without its ending.
 */
function citationFault(target: string, anchors: readonly string[], directory = ""): string {
  const path = normalize(join(directory, target));
  const isThere = ["", ".test.ts"].some((ending) => existsSync(join(root, path + ending)));
  if (path.startsWith("..") || !isThere) return `${target} is not there`;
  if (anchors.length === 0) return "";
  const known = anchorsOf(path);
  const lost = anchors.filter((anchor) => !known.has(anchor));
  return lost.length === 0 ? "" : `${target} has no #${lost.join(", #")}`;
}

/** Faults of all files and folders of the repository, pages and anchors that `text` names. */
function namedFaults(text: string): string[] {
  const faults: string[] = [];
  const paths = /(?<![\w./-])(?:docs|src|test|scripts|proto|packaging)\/[\w./-]*[\w/]/g;
  for (const [path] of text.matchAll(paths)) faults.push(citationFault(path, []));
  const pages = /(?<![\w/-])((?:[\w.-]+\/)*[\w-]+\.md)((?:(?:, | and )?#[\w-]+)*)/g;
  for (const [, page = "", anchors = ""] of text.matchAll(pages)) {
    faults.push(citationFault(page, anchors.match(/(?<=#)[\w-]+/g) ?? []));
  }
  return faults.filter((fault) => fault !== "");
}

describe("comments", () => {
  test("name pages, anchors, files and folders that are there", () => {
    expect(faults((path) => namedFaults(commentsOf(textOf(path))), files)).toEqual([]);
  });

  test("name files of their own and other rooms by names that there are", () => {
    const names = new Set(files.map((path) => path.split("/").at(-1)));
    const check = (path: string) => {
      const named = commentsOf(textOf(path)).matchAll(/`(?:\.\/)?([\w.-]+\.(?:ts|mjs))`/g);
      return Array.from(named, ([, name = ""]) => name).filter((name) => !names.has(name));
    };
    expect(faults(check, files)).toEqual([]);
  });

  test("say in the first line of a file what it holds", () => {
    const described = files.filter((path) => /^(?:src|scripts|test\/support)\//.test(path));
    const check = (path: string) => (/^(?:\/\*\*|\/\/ )/.test(textOf(path)) ? [] : ["does not"]);
    expect(faults(check, described)).toEqual([]);
  });
});

describe("pages", () => {
  const pages = ["*.md", "docs/**/*.md", "packaging/*.md", "test/**/*.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root }),
  ]);

  test("name files and folders that are there", () => {
    expect(pages).toContain("docs/security.md");
    const check = (path: string) =>
      Array.from(textOf(path).matchAll(/(?<![\w./-])(?:src|test|scripts|proto)\/[\w./-]*[\w/]/g))
        .map(([named]) => citationFault(named, []))
        .filter((fault) => fault !== "");
    expect(faults(check, pages)).toEqual([]);
  });

  test("link to pages and anchors that are there", () => {
    const check = (path: string) => {
      const links = textOf(path).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)/g);
      return Array.from(links, ([, target = "", anchor]) => {
        const anchors = anchor === undefined ? [] : [anchor];
        if (target === "") return citationFault(path, anchors);
        return citationFault(target, anchors, dirname(path));
      }).filter((fault) => fault !== "");
    };
    expect(faults(check, pages)).toEqual([]);
  });

  test("show the rooms that there are, by the ranks of this file", () => {
    const rows = textOf("docs/architecture.md").matchAll(/^\| (\d) \| `src\/([\w-]+)` \|/gm);
    const shown = Array.from(rows, ([, rank, room]) => `${room} ${rank}`);
    const rooms = new Set(sources.map(roomOf));
    expect(shown.sort()).toEqual([...rooms].map((room) => `${room} ${ranks[room]}`).sort());
  });

  test("are all in the list of README.md", () => {
    const readme = textOf("README.md");
    const listed = pages.filter((path) => /^docs\/[\w-]+\.md$/.test(path));
    expect(listed.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
  });
});
