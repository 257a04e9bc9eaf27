// Runs the pinned Bun: `node scripts/bun.mjs file.ts …`.
//
// Not simply node_modules/.bin/bun: the postinstall script of the package `bun` moves the executable
// there from the package @oven/bun-… of this machine. npm with --ignore-scripts, or one that wants
// install scripts to be approved (npm 11 warns about them), leaves a stub there and the executable
// where it was. So both places are looked at, and no install script has to run.
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A stub is a few hundred bytes; Bun is about 100 MB. */
const executableBytesMin = 10_000_000;

function executable() {
  const arch = process.arch === "arm64" ? "aarch64" : process.arch;
  const glibc = process.report?.getReport().header.glibcVersionRuntime !== undefined;
  const libc = process.platform === "linux" && !glibc ? "-musl" : "";
  const packaged = `node_modules/@oven/bun-${process.platform}-${arch}${libc}/bin/bun`;
  for (const path of ["node_modules/bun/bin/bun.exe", packaged]) {
    const size = statSync(join(root, path), { throwIfNoEntry: false })?.size ?? 0;
    if (size >= executableBytesMin) return join(root, path);
  }
  console.error(`Bun is not in ${packaged}: run npm ci, and without --omit=optional`);
  process.exit(1);
}

const child = spawn(executable(), process.argv.slice(2), { stdio: "inherit" });
// A terminal sends SIGINT to the child as well: only wait for it. Others reach us alone.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
