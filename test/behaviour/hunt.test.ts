/** `weir hunt --read` against a node, both as their users run them. */
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { numberedPacket, readMark } from "../support/numbered-packets.ts";
import { type ReadPacket, readCapture } from "../support/read-capture.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  runWeir,
  type StartOptions,
  scratchDirectory,
  startProcessor,
  WeirProcess,
} from "../support/weir-process.ts";
import {
  block,
  interfaceBlock,
  little,
  option,
  packetBlock,
  section,
} from "../unit/hunt/capture-files.ts";

const links = ["wan0", "lan 1"] as const;
const startNs = 1_700_000_000_000_000_000n;
const timeOf = (number: number): bigint => startNs + BigInt(number) * 1_000_001n;

/** A pcapng file of numbered packets that come from two interfaces in turn. */
function writeInput(packets: number, size: number): string {
  const nanoseconds = option(9, Buffer.from([9]));
  const parts = [section()];
  for (const name of links) {
    parts.push(interfaceBlock(1, [option(2, Buffer.from(name)), nanoseconds]));
  }
  // A block that is no packet, as other programs write them.
  parts.push(block(0x0bad, Buffer.from("custom"), little));
  for (let number = 0; number < packets; number++) {
    const data = numberedPacket(1, number, size);
    parts.push(packetBlock({ index: number % 2, ticks: timeOf(number), data }));
  }
  const path = join(scratchDirectory(), "input.pcapng");
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

function huntArgs(address: string, read: string, more: readonly string[] = []): string[] {
  return ["hunt", "--insecure", "-P", address, "--id", "edge", "--read", read, ...more];
}

/** The numbers in file order; throws for a packet that is not as it was read. */
function numbersOf(packets: readonly ReadPacket[]): number[] {
  return packets.map((packet) => {
    const { number } = readMark(packet.bytes);
    const wanted = `edge ${links[number % 2]} 1 ${timeOf(number)}`;
    const found = `${packet.hunter} ${packet.interface} ${packet.linkType} ${packet.time}`;
    if (found !== wanted) throw new Error(`packet ${number}: ${found}, not ${wanted}`);
    return number;
  });
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe.each(sampledWorkerCounts(1))("weir hunt with --workers %d", (workers) => {
  const packets = 5000;
  let input = "";

  beforeAll(() => {
    input = writeInput(packets, 200);
  });

  async function start(options: StartOptions & { file?: string; port?: number } = {}) {
    const { file = join(scratchDirectory(), "hunt.pcapng"), port, ...rest } = options;
    const node = await startProcessor(["--workers", String(workers), "-w", file], rest);
    return { node, file };
  }

  async function stop(node: RunningProcessor): Promise<void> {
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    checkAccounts(node);
  }

  test("sends a file with the names of its interfaces, and tells so in plain lines", async () => {
    const { node, file } = await start();
    const { code, stdout, text } = await runWeir(huntArgs(node.address, input));
    expect(code).toBe(0);
    expect(stdout).toBe("");
    expect(text).toContain("5,000 packets");
    expect(text).toContain("5,000 acknowledged");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    await stop(node);
    expect(numbersOf(readCapture(file).packets)).toEqual(upTo(packets));
  });

  test("sends what comes out of a pipe", async () => {
    const { node, file } = await start();
    const under = ["sh", "-c", 'cat "$0" | "$@"', input];
    const { code, lines } = await runWeir(huntArgs(node.address, "-", ["--log-format", "json"]), {
      under,
    });
    expect(code).toBe(0);
    const summary = lines.find(({ event }) => event === "hunt-summary");
    expect(summary).toMatchObject({ packets, acknowledged: packets, reconnects: 0 });
    await stop(node);
    expect(numbersOf(readCapture(file).packets)).toEqual(upTo(packets));
  });

  test("--loop sends it again, --rate no faster than asked, --batch-size in such batches", async () => {
    const { node, file } = await start();
    const begun = performance.now();
    const more = ["--loop", "3", "--rate", "10000", "--batch-size", "500", "--log-format", "json"];
    const { code, lines } = await runWeir(huntArgs(node.address, input, more));
    expect(code).toBe(0);
    // The first moment is free, hence not the whole 1.5 s.
    expect(performance.now() - begun).toBeGreaterThan(1300);
    const summary = lines.find(({ event }) => event === "hunt-summary");
    expect(summary).toMatchObject({ packets: 3 * packets, acknowledged: 3 * packets });
    // A batch may be sent before it is full, so that no packet waits for long.
    const batches = Number(summary!["batches"]);
    expect(batches).toBeGreaterThanOrEqual(30);
    expect(batches).toBeLessThan(60);
    await stop(node);
    const thrice = [...upTo(packets), ...upTo(packets), ...upTo(packets)];
    expect(numbersOf(readCapture(file).packets)).toEqual(thrice);
  });

  test("goes on when the node is killed and comes back: nothing is missing", async () => {
    const { node, file } = await start();
    const more = ["--rate", "4000", "--log-format", "json"];
    const hunt = new WeirProcess(huntArgs(node.address, input, more));
    await node.waitFor("node-stats", ({ written }) => Number(written) > 1000);
    node.kill("SIGKILL");
    await node.ended;
    checkAccounts(node);
    const args = ["process", "--insecure", "-l", node.address, "--log-format", "json"];
    const again = new WeirProcess([...args, "--workers", String(workers), "-w", file]);
    await again.waitFor("node-listening");
    expect(await hunt.ended).toEqual({ code: 0, signal: null });
    const summary = hunt.latest("hunt-summary");
    expect(summary).toMatchObject({ packets, acknowledged: packets, reconnects: 1 });
    again.kill("SIGTERM");
    expect((await again.ended).code).toBe(0);
    checkAccounts(again);

    // One run from each node: the second begins at the first batch that was not acknowledged.
    const numbers = numbersOf(readCapture(file).packets);
    const second = numbers.findIndex((number, at) => at > 0 && number !== numbers[at - 1]! + 1);
    const split = second < 0 ? numbers.length : second;
    expect(numbers.slice(0, split)).toEqual(upTo(split));
    const resent = numbers[split] ?? packets;
    expect(resent).toBeLessThanOrEqual(split);
    expect(numbers.slice(split)).toEqual(upTo(packets).slice(resent));
  });

  test("pauses when it is told to, and loses nothing", async () => {
    const { node, file } = await start({
      binary: "faults",
      env: { WEIR_FAULT: "recorder-stall=600000" },
    });
    const count = 30_000;
    const large = writeInput(count, 1400);
    node.kill("SIGUSR2");
    await node.waitFor("node-fault");
    const more = ["--log-format", "json", "--log-level", "debug"];
    const hunt = new WeirProcess(huntArgs(node.address, large, more));
    await hunt.waitFor("hunt-paused");
    let before = await nextStats(node);
    for (;;) {
      const line = await nextStats(node);
      if (line["received"] === before["received"]) break;
      before = line;
    }
    expect(Number(before["received"])).toBeLessThan(count);
    expect(hunt.child.exitCode).toBeNull();
    node.kill("SIGUSR2");
    expect(await hunt.ended).toEqual({ code: 0, signal: null });
    expect(hunt.latest("hunt-summary")).toMatchObject({ acknowledged: count, reconnects: 0 });
    expect(Number(hunt.latest("hunt-summary")!["pauses"])).toBeGreaterThan(0);
    await stop(node);
    expect(numbersOf(readCapture(file).packets)).toEqual(upTo(count));
  });
});
