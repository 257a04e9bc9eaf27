/** Programs of test/interop, built with the Go that is installed and kept in dist/go for later runs. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const kept = join(dirname(dirname(import.meta.dir)), "dist/go");
const environment = {
  ...process.env,
  GOFLAGS: "-mod=readonly",
  // Never fetches another Go than the one that is there.
  GOTOOLCHAIN: "local",
  GOWORK: "off",
};

/** One program of the module in `folder`: its own, or that of a package that it requires. */
export class GoProgram {
  /** Where it is when `build` has ended. */
  readonly path: string;
  /** Why it cannot be built here, or "": no Go, an old one, or no module proxy. */
  readonly obstacle: string;
  private readonly folder: string;
  private readonly package: string;

  constructor(folder: string, goPackage = ".") {
    this.folder = folder;
    this.package = goPackage;
    this.path = join(kept, `${this.name()}-${digest(folder)}`);
    this.obstacle = existsSync(this.path) ? "" : obstacleTo(folder);
  }

  /** Builds it unless it was made before of the same sources, by the same Go. */
  async build(): Promise<void> {
    if (existsSync(this.path)) return;
    mkdirSync(kept, { recursive: true });
    // Two files may build one program at the same time.
    const unfinished = `${this.path}.${process.pid}`;
    const flags = ["-trimpath", "-buildvcs=false", "-o", unfinished];
    const command = ["go", "build", ...flags, this.package];
    const build = Bun.spawn(command, { cwd: this.folder, env: environment, stderr: "pipe" });
    const text = await new Response(build.stderr).text();
    if ((await build.exited) !== 0) throw new Error(`go build: ${text}`);
    this.removeOld();
    renameSync(unfinished, this.path);
  }

  private name(): string {
    return basename(this.package === "." ? this.folder : this.package);
  }

  private removeOld(): void {
    const pattern = new RegExp(`^${this.name()}-[0-9a-f]{16}(\\.\\d+)?$`);
    const others = readdirSync(kept).filter((name) => !name.startsWith(basename(this.path)));
    for (const name of others.filter((one) => pattern.test(one))) {
      rmSync(join(kept, name), { force: true });
    }
  }
}

/** Of all that makes a program of the module in `folder`. */
function digest(folder: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  if (Bun.which("go") !== null) hasher.update(goVersion());
  for (const name of readdirSync(folder)
    .filter((one) => /\.go$|^go\.(mod|sum)$/.test(one))
    .sort()) {
    const bytes = readFileSync(join(folder, name));
    hasher.update(`\n${name} ${bytes.length}\n`);
    hasher.update(bytes);
  }
  return hasher.digest("hex").slice(0, 16);
}

/** `go version go1.26.8 linux/amd64` */
function goVersion(): string {
  return Bun.spawnSync(["go", "version"], { env: environment }).stdout.toString().trim();
}

function obstacleTo(folder: string): string {
  if (Bun.which("go") === null) return "Go is not installed";
  const wanted = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(folder, "go.mod"), "utf8"));
  const version = goVersion();
  const found = /\bgo(\d+)\.(\d+)/.exec(version);
  if (wanted === null || found === null) return `cannot tell the version of Go: ${version}`;
  const number = ([, major, minor]: RegExpExecArray): number =>
    Number(major) * 1000 + Number(minor);
  if (number(found) < number(wanted)) return `${wanted[0]} is wanted, ${version} is installed`;
  const download = Bun.spawnSync(["go", "mod", "download"], { cwd: folder, env: environment });
  if (download.exitCode === 0) return "";
  return `the modules cannot be downloaded: ${download.stderr.toString().trim()}`;
}
