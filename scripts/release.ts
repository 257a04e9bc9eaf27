/**
 * `npm run release`: in dist/release one archive for each target and variant, SHA256SUMS and an
 * install.sh that checks them. `-- --target linux-x64` (repeatable) makes only those.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { buildBinary, megabytes, packageJson, type Variant } from "./build-binary.ts";
import { isTarget, run, type Target, targets } from "./bun-targets.ts";

const root = dirname(import.meta.dir);
const folder = join(root, "dist/release");
const variants: readonly Variant[] = ["all", "processor"];
/** What goes beside the executable. */
const documents = ["LICENSE", "README.md", "CHANGELOG.md", "packaging"];

/** Name of an archive without its ending; install-template.sh makes the same one. */
function archiveName(version: string, variant: Variant, target: Target): string {
  return `weir-${version}-${variant}-${target}`;
}

async function makeArchive(name: string, variant: Variant, target: Target): Promise<void> {
  const staging = join(folder, name);
  mkdirSync(staging, { recursive: true });
  await buildBinary({ variant, target, outfile: join(staging, "weir"), faults: false });
  for (const document of documents) {
    const from = join(root, document);
    if (existsSync(from)) cpSync(from, join(staging, document), { recursive: true });
  }
  await run(["tar", "-czf", join(folder, `${name}.tar.gz`), "-C", folder, name]);
  rmSync(staging, { recursive: true });
}

async function release(wanted: readonly Target[]): Promise<void> {
  const { version } = packageJson();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let sums = "";
  for (const target of wanted) {
    for (const variant of variants) {
      const name = archiveName(version, variant, target);
      await makeArchive(name, variant, target);
      const file = `${name}.tar.gz`;
      const bytes = await Bun.file(join(folder, file)).bytes();
      sums += `${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}  ${file}\n`;
      console.log(`  ${file}, ${megabytes(statSync(join(folder, file)).size)}`);
    }
  }
  writeFileSync(join(folder, "SHA256SUMS"), sums);
  const script = readFileSync(join(root, "scripts/install-template.sh"), "utf8");
  writeFileSync(join(folder, "install.sh"), script.replaceAll("@VERSION@", version), {
    mode: 0o755,
  });
}

try {
  const { values } = parseArgs({ options: { target: { type: "string", multiple: true } } });
  const wanted = values.target ?? targets;
  for (const name of wanted) {
    if (!isTarget(name)) throw new Error(`--target ${name}: one of ${targets.join(", ")}`);
  }
  await release(wanted.filter(isTarget));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
