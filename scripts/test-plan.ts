/** What `npm test` runs: groups and files that its arguments name, and where each file may run. */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);

/** In the order of what is cheap to know. */
const groups = [
  "build",
  "check",
  "tidy",
  "unit",
  "contract",
  "behaviour",
  "interop",
  "fuzz",
] as const;

/** Files of each group, and the time-out of a test that does not set its own. */
const fileGroups = {
  tidy: { pattern: "test/*.test.ts", timeoutMs: 20_000 },
  unit: { pattern: "test/unit/**/*.test.ts", timeoutMs: 60_000 },
  contract: { pattern: "test/contract/**/*.test.ts", timeoutMs: 60_000 },
  behaviour: { pattern: "test/behaviour/**/*.test.ts", timeoutMs: 300_000 },
  interop: { pattern: "test/interop/**/*.test.ts", timeoutMs: 300_000 },
} as const;

const patterns = Object.values(fileGroups).map(({ pattern }) => new Bun.Glob(pattern));

/** They wait for deadlines of half a minute and do little meanwhile: they run beside the lanes. */
const waiting = [
  "test/behaviour/correlated-calls.test.ts",
  "test/behaviour/frozen-node.test.ts",
  "test/behaviour/half-a-minute.test.ts",
  "test/behaviour/half-messages.test.ts",
  "test/behaviour/vanished-peers.test.ts",
  "test/interop/grpc-go.test.ts",
  "test/interop/h2spec.test.ts",
];

/** They run when nothing else does. */
const alone: Record<string, string> = {
  "test/behaviour/status-latency.test.ts": "asserts a 99th percentile under full load",
  "test/interop/hostile.test.ts": "asserts what an attacker leaves to hunters of the machine",
};

/** The longest, which begin first, so that no lane ends long after the other. */
const longest = ["test/behaviour/acked-is-written.test.ts"];

/** What a change breaks least often, for the time that it takes: the default run leaves them out. */
export const onlyInFullRun: readonly string[] = [
  "test/behaviour/access-certificates.test.ts",
  "test/behaviour/continued-section.test.ts",
  "test/behaviour/filter-file.test.ts",
  "test/behaviour/hunter-over-tls.test.ts",
  "test/behaviour/rotation.test.ts",
  "test/behaviour/scarce-resources.test.ts",
  "test/behaviour/second-node.test.ts",
  "test/behaviour/secrets.test.ts",
  "test/behaviour/sick-disk.test.ts",
  "test/behaviour/stalled-views.test.ts",
  "test/behaviour/torn-file.test.ts",
  "test/interop/captures.test.ts",
  "test/interop/floods.test.ts",
  "test/interop/grpcurl.test.ts",
  "test/interop/hostile.test.ts",
  "test/interop/idle-connections.test.ts",
  "test/interop/paused-streams.test.ts",
];

/** Short files that one process runs one after the other. */
const filesAtOnce = 40;

/** Files that one `bun test` runs. */
export interface FileJob {
  readonly files: readonly string[];
  readonly timeoutMs: number;
}

export interface Plan {
  readonly builds: boolean;
  readonly checks: boolean;
  readonly fuzzes: boolean;
  /** Two of them at a time. */
  readonly lanes: readonly FileJob[];
  /** Two more at a time, while the lanes run. */
  readonly beside: readonly FileJob[];
  /** One after the other, after all else. */
  readonly alone: readonly FileJob[];
  /** Whole files that only the full run has. */
  readonly filesLeftOut: number;
  readonly isFull: boolean;
}

/**
 * `words` are groups, files of tests, directories of them, and `--full`; everything when none is
 * named. Throws one line about words that are none of these.
 */
export function planOf(words: readonly string[]): Plan {
  const names = words.filter((word) => word !== "--full");
  const unknown = names.filter((name) => !isGroup(name) && filesUnder(name).length === 0);
  if (unknown.length > 0) {
    const text = unknown.join(", ");
    throw new Error(
      `no group, file or directory of tests: ${text}; groups: ${groups.join(", ")}; flag: --full`,
    );
  }
  const wants = (group: string): boolean => names.length === 0 || names.includes(group);
  const named = new Set(names.flatMap(filesUnder));
  const isFull = words.includes("--full");
  const isLeftOut = (file: string): boolean =>
    names.length === 0 && !isFull && onlyInFullRun.includes(file);
  const jobs = Object.entries(fileGroups).flatMap(([group, { pattern, timeoutMs }]) => {
    const files = filesOf(pattern).filter(
      (file) => (wants(group) || named.has(file)) && !isLeftOut(file),
    );
    // These start a program; the others are done within moments.
    const each = group === "behaviour" || group === "interop" ? 1 : filesAtOnce;
    return chunks(files, each).map((part) => ({ files: part, timeoutMs }));
  });
  const isIn = (job: FileJob, list: readonly string[]): boolean =>
    list.includes(job.files[0] ?? "");
  const apart = [...waiting, ...Object.keys(alone)];
  const lanes = jobs.filter((job) => !isIn(job, apart));
  return {
    builds: wants("build") || jobs.some(({ files }) => files.some(startsPrograms)),
    checks: wants("check"),
    fuzzes: wants("fuzz"),
    lanes: [
      ...lanes.filter((job) => isIn(job, longest)),
      ...lanes.filter((job) => !isIn(job, longest)),
    ],
    beside: jobs.filter((job) => isIn(job, waiting)),
    alone: jobs.filter((job) => isIn(job, Object.keys(alone))),
    filesLeftOut: names.length === 0 && !isFull ? onlyInFullRun.length : 0,
    isFull,
  };
}

function isGroup(name: string): boolean {
  return (groups as readonly string[]).includes(name);
}

function startsPrograms(file: string): boolean {
  return file.startsWith("test/behaviour/") || file.startsWith("test/interop/");
}

/** Test files that a word with a slash names, as paths from the root. */
function filesUnder(word: string): string[] {
  if (!word.includes("/")) return [];
  const path = join(word);
  if (!existsSync(join(root, path))) return [];
  const isDirectory = statSync(join(root, path)).isDirectory();
  const pattern = isDirectory ? join(path, "**/*.test.ts") : path;
  if (!pattern.endsWith(".test.ts")) return [];
  return filesOf(pattern).filter((file) => patterns.some((one) => one.match(file)));
}

function filesOf(pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: root })].sort();
}

function chunks(files: readonly string[], size: number): string[][] {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, index) => files.slice(index * size, (index + 1) * size));
}
