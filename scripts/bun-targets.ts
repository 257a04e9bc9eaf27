/**
 * The machines that Weir is built for, and Bun's executable for each of them.
 *
 * A compiled binary is Bun's executable for its target with our code behind it. For this machine
 * that is the Bun that runs the build; for any other it comes from npm as `@oven/bun-…` in the
 * version and with the SHA-512 that package-lock.json pins, since `npm ci` leaves out packages of
 * foreign machines.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);

/** Target → the npm package with its executable. */
const packageOf = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-arm64": "@oven/bun-linux-aarch64",
  "linux-x64-musl": "@oven/bun-linux-x64-musl",
  "linux-arm64-musl": "@oven/bun-linux-aarch64-musl",
  "darwin-x64": "@oven/bun-darwin-x64",
  "darwin-arm64": "@oven/bun-darwin-aarch64",
} as const;

export type Target = keyof typeof packageOf;

export const targets = Object.keys(packageOf) as Target[];

export function isTarget(name: string): name is Target {
  return name in packageOf;
}

export function thisMachine(): Target {
  const musl = process.platform === "linux" && existsSync(`/lib/ld-musl-${muslArch()}.so.1`);
  const name = `${process.platform}-${process.arch}${musl ? "-musl" : ""}`;
  if (!isTarget(name)) throw new Error(`no build for ${name}; targets: ${targets.join(", ")}`);
  return name;
}

function muslArch(): string {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

/** Path of Bun's executable for `target`; fetched through npm (and its cache) when missing. */
export async function bunExecutable(target: Target): Promise<string> {
  if (target === thisMachine()) return process.execPath;
  const { version, integrity } = pinned(packageOf[target]);
  const folder = join(root, "node_modules/.cache/weir-targets", version, target);
  const executable = join(folder, "bun");
  if (existsSync(executable)) return executable;

  mkdirSync(folder, { recursive: true });
  const archive = await npmPack(`${packageOf[target]}@${version}`, folder);
  const found = `sha512-${new Bun.CryptoHasher("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) {
    rmSync(archive);
    throw new Error(
      `${packageOf[target]}@${version} is ${found}, package-lock.json says ${integrity}`,
    );
  }
  await run(["tar", "-xzf", archive, "-C", folder, "package/bin/bun"]);
  chmodSync(join(folder, "package/bin/bun"), 0o755);
  renameSync(join(folder, "package/bin/bun"), executable);
  rmSync(join(folder, "package"), { recursive: true });
  rmSync(archive);
  return executable;
}

function pinned(name: string): { version: string; integrity: string } {
  const lock: { packages: Record<string, { version: string; integrity: string } | undefined> } =
    JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return entry;
}

async function npmPack(spec: string, folder: string): Promise<string> {
  console.log(`fetching ${spec}`);
  const text = await run(["npm", "pack", spec, "--json", "--pack-destination", folder]);
  const [packed]: { filename: string }[] = JSON.parse(text);
  if (packed === undefined) throw new Error(`npm pack ${spec} named no file`);
  return join(folder, packed.filename);
}

/** Standard output of a program that must succeed. */
export async function run(command: string[], cwd: string = root): Promise<string> {
  const child = Bun.spawn(command, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} ${command[1]} ended with ${code}:\n${out}${err}`);
  return out;
}
