/**
 * One executable: `bun scripts/build-binary.ts [--variant processor|all] [--target linux-arm64|…]
 * [--outfile path] [--faults]`. Without --target it is for this machine.
 *
 * What a variant lacks is not in its binary (compile-time features, asked in src/cli/commands.ts).
 * --faults adds the fault hooks that the behaviour tests need; such a binary is never released.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bunExecutable, isTarget, run, type Target, targets, thisMachine } from "./bun-targets.ts";

const root = dirname(import.meta.dir);

/** The main module first; every worker is an entry point of its own, found by base/spawn-worker.ts. */
const entryPoints = [
  "src/cli/main.ts",
  "src/node/shard.worker.ts",
  "src/record/recorder.worker.ts",
];

export type Variant = "processor" | "all";

export interface BuildOptions {
  readonly variant: Variant;
  readonly target: Target;
  /** Relative to the checkout, or absolute. */
  readonly outfile: string;
  readonly faults: boolean;
}

/** Builds and returns the size in bytes; throws with the compiler's output when it fails. */
export async function buildBinary(options: BuildOptions): Promise<number> {
  assertPinnedBun();
  const missing = entryPoints.filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) throw new Error(`missing entry point: ${missing.join(", ")}`);
  const outfile = resolve(root, options.outfile);
  mkdirSync(dirname(outfile), { recursive: true });
  await run([
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--format=esm",
    "--bytecode",
    "--root=src",
    `--target=bun-${options.target}`,
    `--compile-executable-path=${await bunExecutable(options.target)}`,
    // A daemon reads nothing from its working directory that it was not told to.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
    "--no-compile-autoload-package-json",
    ...features(options).map((name) => `--feature=${name}`),
    ...(await definitions(options.variant)),
    ...entryPoints,
    `--outfile=${outfile}`,
  ]);
  const { size } = statSync(outfile);
  const name = relative(root, outfile);
  console.log(`${name}  ${options.variant}, ${options.target}, ${megabytes(size)}`);
  return size;
}

function features({ variant, faults }: BuildOptions): string[] {
  const names = ["PROCESSOR"];
  if (variant === "all") names.push("ALL");
  if (faults) names.push("FAULTS");
  return names;
}

async function definitions(variant: Variant): Promise<string[]> {
  const values = {
    WEIR_VERSION: packageJson().version,
    WEIR_COMMIT: await commitId(),
    WEIR_VARIANT: variant,
  };
  return Object.entries(values).map(([name, value]) => `--define=${name}=${JSON.stringify(value)}`);
}

/** Short id of HEAD, "-dirty" when tracked files differ from it, "unknown" outside of git. */
export async function commitId(): Promise<string> {
  try {
    const id = await run(["git", "rev-parse", "--short=12", "HEAD"]);
    const changes = await run(["git", "status", "--porcelain", "--untracked-files=no"]);
    return id.trim() + (changes === "" ? "" : "-dirty");
  } catch {
    return "unknown";
  }
}

export function packageJson(): { version: string; devDependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

/** Bytecode and executable must be of one Bun: refuse to build with another than the pinned one. */
function assertPinnedBun(): void {
  const version = packageJson().devDependencies["bun"];
  if (version !== Bun.version) {
    throw new Error(`this is Bun ${Bun.version}, the build needs ${version}: npm run build`);
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function optionsFromArguments(): BuildOptions {
  const { values } = parseArgs({
    options: {
      variant: { type: "string", default: "all" },
      target: { type: "string", default: thisMachine() },
      outfile: { type: "string" },
      faults: { type: "boolean", default: false },
    },
  });
  const { variant, target, faults } = values;
  if (variant !== "processor" && variant !== "all") {
    throw new Error(`--variant ${variant}: processor or all`);
  }
  if (!isTarget(target)) throw new Error(`--target ${target}: one of ${targets.join(", ")}`);
  const suffix = target === thisMachine() ? "" : `-${target}`;
  const name = faults ? "weir-faults" : variant === "all" ? "weir" : "weir-processor";
  return { variant, target, faults, outfile: values.outfile ?? `dist/${name}${suffix}` };
}

if (import.meta.main) {
  try {
    await buildBinary(optionsFromArguments());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
