/**
 * Wireshark's programs read what Weir records: rotated files, a file per link type, a file that a
 * killed node left behind and the next one continued. They must not complain about anything.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CapturePacket, readCapture as readOriginal } from "../support/captures.ts";
import { capturesFolder } from "../support/expected-flows.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import { countByCapinfos, encapsulation, hasTshark, tsharkFields } from "../support/wireshark.ts";

/** Two interfaces, lan0 (Ethernet) and wg0 (raw IP). */
const mixed = join(capturesFolder, "mixed.pcapng");
const original = readOriginal(mixed);
const loops = 6;
const hunters = ["north", "south", "østre-ringvej 7"];

if (!hasTshark) console.log("skipped: reading with tshark (it is not installed)");

const directory = scratchDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(!hasTshark).each(sampledWorkerCounts(1))("tshark, with --workers %d", (workers) => {
  const flags = ["--workers", String(workers)];
  const pathOf = (name: string): string => join(directory, `${workers}-${name}`);

  test("reads each file of a rotated pcapng by itself", async () => {
    const node = await startProcessor([...flags, "--rotate-size", "64K", "-w", pathOf("r.pcapng")]);
    await Promise.all(hunters.map((hunter) => replay(node, hunter, loops)));
    await stop(node);
    const files = filesOf(`${workers}-r_`);
    expect(files.length).toBeGreaterThan(5);
    const rows = files.flatMap((file) => {
      const read = readRows(file);
      expect(countByCapinfos(file)).toBe(read.length);
      return read;
    });
    for (const hunter of hunters) expect(rowsOf(rows, hunter)).toEqual(rowsSent(hunter, loops));
    expect(rows.length).toBe(original.length * loops * hunters.length);
  });

  test("reads one pcap for each link type", async () => {
    const node = await startProcessor([...flags, "-w", pathOf("t.pcap")]);
    await replay(node, "north", 1);
    await stop(node);
    const [ethernet, raw] = [1, 101].map((linkType) =>
      original.filter((packet) => packet.linkType === linkType),
    ) as [CapturePacket[], CapturePacket[]];
    expect(filesOf(`${workers}-t.`)).toEqual([pathOf("t.pcap"), pathOf("t.raw.pcap")]);
    for (const [file, packets, type] of [
      [pathOf("t.pcap"), ethernet, "ether"],
      [pathOf("t.raw.pcap"), raw, "rawip"],
    ] as const) {
      expect(countByCapinfos(file)).toBe(packets.length);
      expect(encapsulation(file)).toBe(type);
      const times = tsharkFields(file, ["frame.time_epoch", "frame.len"]).map((row) =>
        row.join(" "),
      );
      expect(times).toEqual(packets.map((packet) => `${epoch(packet)} ${packet.originalLength}`));
    }
  });

  test.each(["pcapng", "pcap"])(
    "reads a %s that was torn by a kill and continued",
    async (type) => {
      const file = pathOf(`k.${type}`);
      const killed = await startProcessor([...flags, "-w", file]);
      await replay(killed, "north", 2);
      killed.kill("SIGKILL");
      await killed.ended;
      // What a kill in the middle of a write leaves: the first part of a block or record.
      const whole = readFileSync(file);
      appendFileSync(file, whole.subarray(type === "pcap" ? 24 : 0, type === "pcap" ? 60 : 30));
      const node = await startProcessor([...flags, "-w", file]);
      await node.waitFor("record-file-continued");
      await replay(node, "south", 1);
      await stop(node);
      if (type === "pcapng") {
        const rows = readRows(file);
        expect(rows).toEqual([...rowsSent("north", 2), ...rowsSent("south", 1)]);
        expect(countByCapinfos(file)).toBe(rows.length);
        return;
      }
      const packets = original.filter((packet) => packet.linkType === 1);
      const times = tsharkFields(file, ["frame.time_epoch"]).map(([time]) => time);
      const once = packets.map(epoch);
      expect(times).toEqual([...once, ...once, ...once]);
      expect(countByCapinfos(file)).toBe(times.length);
    },
  );
});

async function replay(node: RunningProcessor, hunter: string, times: number): Promise<void> {
  const flags = ["--insecure", "-P", node.address, "--id", hunter, "--loop", String(times)];
  const { code, text } = await runWeir(["hunt", ...flags, "--read", mixed]);
  if (code !== 0) throw new Error(`hunt ended with ${code}: ${text}`);
}

async function stop(node: RunningProcessor): Promise<void> {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
}

/** Capture files of the directory whose name begins so, in their order. */
function filesOf(start: string): string[] {
  const names = readdirSync(directory).filter((name) => name.startsWith(start));
  return names.sort().map((name) => join(directory, name));
}

/** Hunter, interface, time and length of each packet, as tshark names them. */
function readRows(file: string): string[] {
  const fields = ["interface_description", "interface_name", "time_epoch", "len"];
  const names = fields.map((field) => `frame.${field}`);
  return tsharkFields(file, names).map((row) => row.join("|"));
}

function rowsOf(rows: readonly string[], hunter: string): string[] {
  return rows.filter((row) => row.startsWith(`${hunter}|`));
}

function rowsSent(hunter: string, times: number): string[] {
  const once = original.map((packet) =>
    [hunter, packet.interfaceName, epoch(packet), packet.originalLength].join("|"),
  );
  return Array.from({ length: times }, () => once).flat();
}

/** Seconds with nine digits. */
function epoch(packet: CapturePacket): string {
  const digits = packet.timeNs.toString();
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
