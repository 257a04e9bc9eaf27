/**
 * `npm run build`: dist/weir (variant all) and dist/weir-processor (variant processor) for this
 * machine. The tests build through buildIfChanged, which keeps what is made from the same sources.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuildOptions, buildBinary, commitId } from "./build-binary.ts";
import { thisMachine } from "./bun-targets.ts";

const root = dirname(import.meta.dir);
const target = thisMachine();

export const releasedBinaries: readonly BuildOptions[] = [
  { variant: "all", target, outfile: "dist/weir", faults: false },
  { variant: "processor", target, outfile: "dist/weir-processor", faults: false },
];

const tested: BuildOptions[] = [
  ...releasedBinaries,
  { variant: "all", target, outfile: "dist/weir-faults", faults: true },
];

export const testBinaries: readonly BuildOptions[] = tested;

/** Builds unless `outfile` was made from the same sources, lock file and commit. */
export async function buildIfChanged(options: BuildOptions): Promise<void> {
  const stamp = join(root, `${options.outfile}.sources`);
  const digest = await sourcesDigest();
  const built = existsSync(join(root, options.outfile)) && existsSync(stamp);
  if (built && readFileSync(stamp, "utf8") === digest) {
    console.log(`${options.outfile}  unchanged`);
    return;
  }
  await buildBinary(options);
  writeFileSync(stamp, digest);
}

async function sourcesDigest(): Promise<string> {
  const sources = [...new Bun.Glob("src/**/*").scanSync({ cwd: root })].sort();
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(await commitId());
  for (const path of [...sources, "package.json", "package-lock.json", "scripts/build-binary.ts"]) {
    const bytes = readFileSync(join(root, path));
    hasher.update(`\n${path} ${bytes.length}\n`);
    hasher.update(bytes);
  }
  return hasher.digest("hex");
}

if (import.meta.main) {
  try {
    for (const options of releasedBinaries) await buildBinary(options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
