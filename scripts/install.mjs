// Installs what is missing: `npm ci`, when node_modules is not there or older than the lock file.
// Plain Node, since it runs before anything is installed; every npm script calls it first.
import { spawnSync } from "node:child_process";
import { statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// npm writes this file last, so an interrupted installation counts as none.
const stamp = join(root, "node_modules/.package-lock.json");

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (changedMs(stamp) < changedMs(join(root, "package-lock.json"))) {
  // The npm that called us, else the first on PATH. Development dependencies hold Bun itself, so
  // they are wanted even where NODE_ENV says production.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund"];
  const [program, ...rest] = npm?.endsWith("js")
    ? [process.execPath, npm, ...args]
    : ["npm", ...args];
  const { status, error } = spawnSync(program, rest, { cwd: root, stdio: "inherit" });
  if (error) console.error(`npm ci could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
  utimesSync(stamp, new Date(), new Date());
}
