/**
 * `npm run demo`: a processor and three hunters that replay real captures into it, on this machine.
 * It ends by itself, and leaves a pcapng that Wireshark opens. On a terminal a table is redrawn;
 * elsewhere it prints plain lines.
 *
 *     npm run demo                 # 12 seconds
 *     npm run demo -- --seconds 5
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { buildIfChanged, releasedBinaries } from "./build.ts";
import { DemoView, type HunterRow } from "./demo-view.ts";

const root = dirname(import.meta.dir);
const weir = join(root, "dist/weir");
const output = join(root, "demo-output");
const capture = join(output, "demo.pcapng");

/** What each hunter replays; recorded from real programs, see test/captures/README.md. */
const hunters = [
  { id: "web-edge", file: "test/captures/mixed.pcapng", rate: 1200 },
  { id: "voice-gateway", file: "test/captures/sip.pcapng", rate: 400 },
  { id: "database-rack", file: "test/captures/mysql.pcapng", rate: 800 },
] as const;

const seconds = secondsWanted(process.argv.slice(2));
const view = new DemoView(process.stdout);

const [variantAll] = releasedBinaries;
if (variantAll !== undefined) await buildIfChanged(variantAll);
mkdirSync(output, { recursive: true });
// Only what an earlier demo left: Weir itself would continue the file.
for (const name of ["demo.pcapng", ".demo.pcapng.weir"])
  rmSync(join(output, name), { force: true });

const processorArgs = ["process", "--insecure", "--listen", "127.0.0.1:0", "--write-file", capture];
view.command(`weir ${processorArgs.join(" ").replace(capture, relative(root, capture))}`);
const processor = Bun.spawn(
  [weir, ...processorArgs, "--log-format", "json", "--stats-interval", "1s"],
  { cwd: output, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
);
const lines = readLines(processor.stderr);
const replays: Bun.Subprocess[] = [];
const onInterrupt = () => stop();
process.on("SIGINT", onInterrupt);

for await (const line of lines) {
  switch (line["event"]) {
    case "node-listening":
      replay(String(line["address"]));
      setTimeout(stop, seconds * 1000);
      break;
    case "node-stats":
      view.stats(line);
      break;
    case "node-hunter-stats":
      view.hunter(line as unknown as HunterRow);
      break;
    case "node-stopped":
      view.stopped(line);
      break;
    default:
      if (line["level"] === "warn" || line["level"] === "error") view.trouble(line);
  }
}

const code = await processor.exited;
process.off("SIGINT", onInterrupt);
if (code === 0) view.finish(relative(process.cwd(), capture));
process.exit(code);

/** Starts the three hunters. */
function replay(address: string): void {
  for (const { id, file, rate } of hunters) {
    const args = ["hunt", "--insecure", "--read", file, "--id", id, "--loop", "0"];
    view.command(`weir ${args.join(" ")} --rate ${rate}`);
    const more = ["--rate", String(rate), "--processor", address, "--progress", "none"];
    const child = Bun.spawn([weir, ...args, ...more, "--log-level", "error"], {
      cwd: root,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
    replays.push(child);
  }
  view.begin(seconds);
}

/** The hunters first, so that everything they sent is acknowledged; then the processor drains. */
function stop(): void {
  for (const child of replays) child.kill("SIGTERM");
  Promise.all(replays.map((child) => child.exited)).then(
    () => processor.kill("SIGTERM"),
    () => processor.kill("SIGTERM"),
  );
}

async function* readLines(stream: ReadableStream<Uint8Array>) {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      if (part.startsWith("{")) yield JSON.parse(part) as Record<string, unknown>;
      else console.error(part);
    }
  }
}

function secondsWanted(words: readonly string[]): number {
  const at = words.indexOf("--seconds");
  if (at < 0) return 12;
  const value = Number(words[at + 1]);
  if (Number.isFinite(value) && value >= 1 && value <= 600) return value;
  console.error("npm run demo: --seconds takes a number from 1 to 600");
  process.exit(2);
}
