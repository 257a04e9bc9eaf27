/**
 * A disk whose calls fail: the file that cannot be trusted is left, everything goes on in a new one,
 * nothing is acknowledged that is not in a file, and nothing stands twice.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { capturesIn } from "../support/numbered-capture.ts";
import { connectAcrossShards } from "../support/shards.ts";
import { injecting, noStrace } from "../support/strace.ts";
import {
  checkAccounts,
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const hunters = 3;
const batches = 120;

if (noStrace !== "") console.log(`sick-disk is skipped: ${noStrace}`);

const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

function directoryOf(name: string): string {
  const directory = join(root, name.replaceAll(/[^a-z0-9]+/g, "-"));
  mkdirSync(directory);
  return directory;
}

async function load(node: RunningProcessor): Promise<BusyHunter[]> {
  const streams = await connectAcrossShards(node, hunters);
  return streams.map((stream, number) => new BusyHunter(stream, { number, batches }));
}

/** Stops it; all that was sent is in the files, once, unless `twice` allows more. */
async function expectAllIn(
  node: RunningProcessor,
  busy: readonly BusyHunter[],
  directory: string,
  twice = false,
) {
  await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  for (const { stream } of busy) stream.close();
  checkAccounts(node);
  const sent = hunters * batches * 64;
  if (twice) for (const { resent } of busy) for (let n = 0; n < batches; n++) resent.add(n);
  const recorded = checkRecorded(capturesIn(directory), busy);
  if (!twice) expect(recorded).toBe(sent);
  expect(node.latest("node-stopped")).toMatchObject({
    acknowledged: sent,
    written: sent,
    unwritten: 0,
  });
}

const faults = {
  "writes fail": ["write:error=EIO:when=6+"],
  "writes fail and whose end cannot be cut": ["write:error=EIO:when=6+", "ftruncate:error=EIO"],
  "fdatasyncs fail": ["fdatasync:error=EIO:when=4+"],
} as const;

describe.skipIf(noStrace !== "")("a file whose", () => {
  test.each([
    ["writes fail", "written", "pcapng", 3],
    ["writes fail", "written", "pcap", 1],
    ["writes fail and whose end cannot be cut", "written", "pcapng", 1],
    ["fdatasyncs fail", "synced", "pcapng", 3],
    ["fdatasyncs fail", "synced", "pcap", 1],
  ] as const)("%s (--ack %s, %s, --workers %d) is given up for a new one", async (...row) => {
    const [name, ack, extension, workers] = row;
    const directory = directoryOf(row.join(" "));
    const path = join(directory, `x.${extension}`);
    const args = ["--workers", String(workers), "-w", path, "--ack", ack];
    const node = await startProcessor(args, { under: injecting([path], faults[name]) });
    const busy = await load(node);
    const line = await node.waitFor("record-file-given-up");
    expect(line.level).toBe("error");
    expect(line.message).toStartWith(`${path} cannot be continued (EIO: `);
    expect(line.message).toEndWith("recording continues in a new file");
    const size = readFileSync(path).length;
    // The beginning of a group that cannot be cut off is in both files.
    await expectAllIn(node, busy, directory, name.endsWith("cannot be cut"));
    // Nothing was written to it after that; what was not acknowledged may still have been cut off.
    expect(readFileSync(path).length).toBeLessThanOrEqual(size);
    const names = capturesIn(directory).map((name) => basename(name));
    expect(names.length).toBe(2);
    expect(names).toContainEqual(expect.stringMatching(/^x_00001_\d{8}T\d{6}Z\.pcap/));
  });

  test("renaming fails is left as it is, and the node says why it does not start", async () => {
    const path = join(directoryOf("rename"), "x.pcapng");
    writeFileSync(path, "something else");
    const args = ["process", "--insecure", "--listen", "127.0.0.1:0", "-w", path];
    const under = injecting([path], ["?rename,?renameat,?renameat2,?link,?linkat:error=EIO"]);
    const { code, text } = await runWeir(args, { under });
    expect(code).toBe(73);
    expect(text).toContain(path);
    expect(text).toContain("EIO");
    expect(readFileSync(path, "utf8")).toBe("something else");
  });
});

test.skipIf(noStrace !== "")("a disk that refuses every file is waited for", async () => {
  const directory = directoryOf("every file");
  const path = join(directory, "x.pcapng");
  // All files of the recorder are synced, and nothing else of the node is.
  const command = injecting([], ["fdatasync:error=EIO:when=6..14"]);
  const node = await startProcessor(["-w", path, "--ack", "synced"], { under: command });
  const busy = await load(node);
  await node.waitFor("record-stalled");
  const { FLOW_PAUSE, FLOW_RESUME } = FlowControl;
  const levels = (level: FlowControl) => Promise.all(busy.map(({ stream }) => stream.told(level)));
  await levels(FLOW_PAUSE);
  await node.waitFor("record-resumed");
  await levels(FLOW_RESUME);
  await expectAllIn(node, busy, directory);
});
