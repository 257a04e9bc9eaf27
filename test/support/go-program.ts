/** Builds a program of test/interop with the Go that is installed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const environment = {
  ...process.env,
  GOFLAGS: "-mod=readonly",
  // Never fetches another Go than the one that is there.
  GOTOOLCHAIN: "local",
  GOWORK: "off",
};

/** Why the module in `folder` cannot be built here, or "": no Go, an old one, or no module proxy. */
export function obstacleToGo(folder: string): string {
  if (Bun.which("go") === null) return "Go is not installed";
  const wanted = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(folder, "go.mod"), "utf8"));
  const version = Bun.spawnSync(["go", "env", "GOVERSION"], { env: environment }).stdout.toString();
  const found = /^go(\d+)\.(\d+)/.exec(version);
  if (wanted === null || found === null) return `cannot tell the version of Go: ${version.trim()}`;
  const number = ([, major, minor]: RegExpExecArray): number =>
    Number(major) * 1000 + Number(minor);
  if (number(found) < number(wanted))
    return `${wanted[0]} is wanted, ${version.trim()} is installed`;
  const download = Bun.spawnSync(["go", "mod", "download"], { cwd: folder, env: environment });
  if (download.exitCode === 0) return "";
  return `the modules cannot be downloaded: ${download.stderr.toString().trim()}`;
}

/**
 * Builds the module in `folder`, or `packages` that it requires, into `outfile`, which is a directory
 * when there are several; throws what the compiler says.
 */
export async function buildGo(
  folder: string,
  outfile: string,
  packages: readonly string[] = ["."],
): Promise<void> {
  const command = ["go", "build", "-trimpath", "-buildvcs=false", "-o", outfile, ...packages];
  const build = Bun.spawn(command, { cwd: folder, env: environment, stderr: "pipe" });
  const text = await new Response(build.stderr).text();
  if ((await build.exited) !== 0) throw new Error(`go build: ${text}`);
}
