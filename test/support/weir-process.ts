/** Starts a compiled binary as its user would, from another directory, and reads what it says. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const dist = join(dirname(dirname(import.meta.dir)), "dist");

export const binaries = {
  /** Variant all. */
  all: join(dist, "weir"),
  processor: join(dist, "weir-processor"),
  /** Variant all with fault hooks; never released. */
  faults: join(dist, "weir-faults"),
} as const;

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | number | null;
}

export interface StartOptions {
  readonly binary?: keyof typeof binaries;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command to run the binary under, e.g. `["strace", "-f", …]`. */
  readonly under?: readonly string[];
}

/** A directory of its own for one test; the caller may leave it, the system's cleaner takes it. */
export function scratchDirectory(): string {
  return mkdtempSync(join(tmpdir(), "weir-behaviour-"));
}

/** One running binary. `--log-format json` must be among its flags for `lines` to be read. */
export class WeirProcess {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly lines: LogLine[] = [];
  /** All of stderr that is not a JSON line. */
  text = "";
  stdout = "";
  readonly ended: Promise<Ended>;
  private waiters = new Set<() => void>();

  constructor(args: readonly string[], options: StartOptions = {}) {
    const path = binaries[options.binary ?? "all"];
    if (!existsSync(path)) throw new Error(`${path} is missing: npm run build, or npm test`);
    const cwd = options.cwd ?? scratchDirectory();
    this.child = Bun.spawn([...(options.under ?? []), path, ...args], {
      cwd,
      // The configuration of whoever runs the tests is not theirs.
      env: { ...process.env, NO_COLOR: "1", HOME: cwd, ...options.env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const read = Promise.all([this.readLines(), this.readOutput()]);
    this.ended = this.child.exited.then(async () => {
      await read;
      this.wake();
      return { code: this.child.exitCode, signal: this.child.signalCode };
    });
  }

  get pid(): number {
    return this.child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The first line of `event` (after `from` lines) that fits; rejects when the process ends first. */
  async waitFor(
    event: string,
    fits: (line: LogLine) => boolean = () => true,
    from = 0,
  ): Promise<LogLine> {
    let at = from;
    for (;;) {
      for (; at < this.lines.length; at++) {
        const line = this.lines[at] as LogLine;
        if (line.event === event && fits(line)) return line;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended before "${event}": ${this.describe()}`);
      }
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** The latest line of `event`, if any. */
  latest(event: string): LogLine | undefined {
    return this.lines.findLast((line) => line.event === event);
  }

  describe(): string {
    const last = this.lines.slice(-20).map((line) => JSON.stringify(line));
    return `code ${this.child.exitCode}\n${last.join("\n")}\n${this.text}`;
  }

  /** Processor time since its start, ms. */
  processorMs(): number {
    const fields =
      readFileSync(`/proc/${this.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resident memory in bytes; 0 when the process is gone. */
  rssBytes(): number {
    try {
      const statm = readFileSync(`/proc/${this.pid}/statm`, "utf8");
      return Number(statm.split(" ")[1]) * 4096;
    } catch {
      return 0;
    }
  }

  private async readLines(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.take(part);
      this.wake();
    }
    if (rest !== "") this.take(rest);
  }

  private take(text: string): void {
    try {
      const line: unknown = JSON.parse(text);
      if (typeof line === "object" && line !== null && "event" in line) {
        this.lines.push(line as LogLine);
        return;
      }
    } catch {
      // Not JSON: an error before the log began.
    }
    this.text += `${text}\n`;
  }

  private async readOutput(): Promise<void> {
    this.stdout = await new Response(this.child.stdout).text();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = new Set();
    for (const resolve of waiters) resolve();
  }
}

/** A processor that listens. */
export interface RunningProcessor extends WeirProcess {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
}

const processorDefaults = ["process", "--log-format", "json"];

/** Starts `weir process` on a free port of loopback, without TLS unless `args` says more. */
export async function startProcessor(
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<RunningProcessor> {
  const unless = (flag: string, ...words: string[]) => (args.includes(flag) ? [] : words);
  const defaults = [
    ...processorDefaults,
    ...unless("--tls-cert", "--insecure"),
    ...unless("--listen", "--listen", "127.0.0.1:0"),
    ...unless("--stats-interval", "--stats-interval", "200ms"),
  ];
  const node = new WeirProcess([...defaults, ...args], options);
  const line = await node.waitFor("node-listening");
  const address = String(line["address"]);
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return Object.assign(node, { address, port });
}

/** The next stats line that was made after this call: one that is read after it may be older. */
export function nextStats(node: WeirProcess): Promise<LogLine> {
  const nowMs = Date.now();
  const isNew = ({ time }: LogLine): boolean => Date.parse(time) > nowMs;
  return node.waitFor("node-stats", isNew, node.lines.length);
}

/** Runs a command to its end. */
export async function runWeir(args: readonly string[], options: StartOptions = {}) {
  const weir = new WeirProcess(args, options);
  const ended = await weir.ended;
  return { ...ended, text: weir.text, stdout: weir.stdout, lines: weir.lines };
}

/** Waits for a condition, never for a time; the test's own time-out is the ceiling. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(5);
}

/**
 * The accounting equation of promise 6 over every stats line so far:
 * received = accepted + rejected; accepted = written + in flight + held, with recording on. What is
 * acknowledged is written, or with `--ack memory` accepted.
 */
export function checkAccounts(node: WeirProcess): void {
  const least = node.latest("node-ack-memory") === undefined ? "written" : "accepted";
  for (const line of node.lines) {
    if (line.event !== "node-stats") continue;
    const at = (name: string): number => Number(line[name] ?? 0);
    const fail = (what: string) => {
      throw new Error(`the accounts do not add up (${what}): ${JSON.stringify(line)}`);
    };
    if (at("received") !== at("accepted") + at("rejected")) fail("received");
    if (line["recording"] === "off") continue;
    const accounted = at("written") + at("in_flight") + at("held") + at("abandoned");
    if (at("accepted") !== accounted) fail("accepted");
    if (at("in_flight") < 0 || at("held") < 0) fail("negative");
    if (at("acknowledged") > at(least)) fail(`acknowledged more than ${least}`);
  }
}
