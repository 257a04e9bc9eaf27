/**
 * Writes src/wire/gen/ from proto/ with the pinned protoc-gen-es, and the tables of docs/limits.md from
 * src/config/limits.ts.
 *
 *     bun scripts/generate.ts            # writes
 *     bun scripts/generate.ts --check    # writes elsewhere, prints differences, exits 1 if any
 *     bun scripts/generate.ts --freeze   # also takes proto/ as the new frozen wire
 *
 * Everything runs from node_modules: no network, no remote plugins.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { settleLimitsPage } from "./limits-page.ts";

const root = dirname(import.meta.dir);
const committed = join(root, "src/wire/gen");

function buf(...args: string[]): void {
  const run = Bun.spawnSync([join(root, "node_modules/.bin/buf"), ...args], {
    cwd: join(root, "proto"),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.exitCode !== 0) throw new Error(`buf ${args.join(" ")} ended with ${run.exitCode}`);
}

function generateInto(folder: string): void {
  const plugin = {
    local: [process.execPath, "--bun", join(root, "node_modules/.bin/protoc-gen-es")],
    out: folder,
    opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"],
  };
  buf("generate", "--template", JSON.stringify({ version: "v2", clean: true, plugins: [plugin] }));
}

function contentsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts")).sort();
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

function differences(expected: Map<string, string>, found: Map<string, string>): string[] {
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].filter((name) => expected.get(name) !== found.get(name));
}

if (process.argv.includes("--check")) {
  const scratch = mkdtempSync(join(tmpdir(), "weir-generate-"));
  try {
    generateInto(scratch);
    const stale = differences(contentsOf(scratch), contentsOf(committed));
    for (const name of stale) console.error(`src/wire/gen/${name} is not what proto/ generates`);
    const isPageStale = !settleLimitsPage(false);
    if (isPageStale) console.error("docs/limits.md is not what src/config/limits.ts generates");
    const isStale = stale.length > 0 || isPageStale;
    if (isStale) console.error("run: npm run generate");
    process.exitCode = isStale ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true });
  }
} else {
  generateInto(committed);
  settleLimitsPage(true);
  if (process.argv.includes("--freeze")) {
    buf("build", "--exclude-source-info", "--output", "frozen.binpb");
  }
}
