import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { readCapture } from "../../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";
import { expectOwnersInTshark } from "../../support/wireshark.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("tshark");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const installed = ["tshark", "capinfos"].every((name) => {
  return spawnSync(name, ["--version"]).status === 0;
});
if (!installed) process.stdout.write("skipped: reading with tshark (it is not installed)\n");

function run(program: string, ...given: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, given);
  expect(`${program} ${status}: ${status === 0 ? "" : stderr}`).toBe(`${program} 0: `);
  return stdout.toString();
}

/** Two runs into one file; in the second the hunters and their interfaces come in another order. */
async function record(path: string): Promise<void> {
  for (let start = 0; start < 2; start++) {
    const node = await recordInProcess(recorderConfig(path), { shards: 2 });
    for (const [shard, filler] of node.fillers.entries()) {
      const hunter = `hunter-${start === 0 ? shard : 1 - shard}`;
      filler.announce(start, hunter, "eth0", 1);
      filler.announce(1 - start, hunter, "any", 113);
      for (let index = 0; index < 10; index++) {
        const time = 1_700_000_000_000_000_000n + BigInt(index);
        // The first byte says where it belongs.
        const bytes = Buffer.alloc(60 + index, Number(hunter.at(-1)) * 2 + (index % 2));
        filler.packet({ interface: (index + start) % 2, time, bytes });
      }
      filler.statistics(0, 1000, 17);
    }
    await node.finish();
  }
}

test.skipIf(!installed)("tshark and capinfos find every hunter, interface and time", async () => {
  const path = join(directory, "x.pcapng");
  await record(path);
  const fields = ["frame.interface_name", "frame.interface_description", "frame.time_epoch"];
  const text = run(
    "tshark",
    "-r",
    path,
    "-T",
    "fields",
    ...fields.flatMap((field) => ["-e", field]),
  );
  const { packets } = readCapture(path);
  for (const packet of packets) {
    const [mark = 0] = packet.bytes;
    const owner = [`hunter-${mark >>> 1}`, mark % 2 === 0 ? "eth0" : "any"];
    expect([packet.hunter, packet.interface]).toEqual(owner);
  }
  expectOwnersInTshark(path, packets);
  const lines = text.trim().split("\n");
  expect(lines.length).toBe(40);
  for (const shard of [0, 1]) {
    expect(lines.filter((line) => line.startsWith(`eth0\thunter-${shard}\t`)).length).toBe(10);
    expect(lines.filter((line) => line.startsWith(`any\thunter-${shard}\t`)).length).toBe(10);
  }
  expect(lines[9]).toMatch(/1700000000\.00000000\d$/);
  const info = run("capinfos", path);
  expect(info).toContain("Weir test");
  expect(info).toMatch(/Number of packets:\s+40/);
  expect(info).toMatch(/Number of stat entries = [1-9]/);
});

test.skipIf(!installed)("tshark reads the classic files", async () => {
  const path = join(directory, "x.pcap");
  await record(path);
  for (const name of ["x.pcap", "x.linux-sll.pcap"]) {
    const text = run(
      "tshark",
      "-r",
      join(directory, name),
      "-T",
      "fields",
      "-e",
      "frame.time_epoch",
    );
    expect(text.trim().split("\n").length).toBe(20);
    expect(text).toMatch(/^1700000000\.00000000\d/);
  }
});
