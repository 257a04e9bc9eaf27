/**
 * Captures of real programs, sent by `weir hunt --read` and recorded by `weir process`: bytes, times,
 * link types and interface names stay as they are, and the counters name the protocols in them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { captureFiles, readCapture as readOriginal } from "../support/captures.ts";
import { capturesFolder, readExpectedLabels } from "../support/expected-flows.ts";
import { type ReadPacket, readCapture } from "../support/read-capture.ts";
import { sampled } from "../support/run-size.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  type LogLine,
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import { countByCapinfos, hasTshark, tsharkFields } from "../support/wireshark.ts";

const originals = captureFiles(capturesFolder);
const expected = readExpectedLabels();
const hunterOf = (path: string): string => `hunter of ${basename(path)}`;

if (!hasTshark) console.log("tshark is not installed: the files are read by our reader alone");

test("every capture has a line in expected.tsv", () => {
  expect(originals.length).toBeGreaterThan(0);
  expect([...expected.keys()].sort()).toEqual(originals.map((path) => basename(path)).sort());
});

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  describe.each(sampled("second file formats", ["pcapng", "pcap"] as const))(
    "recorded as %s",
    (format) => {
      const directory = scratchDirectory();
      let node: RunningProcessor;
      let total = 0;

      beforeAll(async () => {
        const flags = ["--workers", String(workers), "--stats-interval", "100ms"];
        node = await startProcessor([...flags, "-w", join(directory, `all.${format}`)]);
      });
      afterAll(() => {
        node.kill("SIGKILL");
        rmSync(directory, { recursive: true, force: true });
      });

      test.each(originals.map((path) => basename(path)))("%s arrives unchanged", async (name) => {
        const path = join(capturesFolder, name);
        const original = readOriginal(path);
        const before = packetsByFile(directory);
        const statsBefore = node.latest("node-stats");
        total = Number(statsBefore?.["received"] ?? 0);
        await replay(node, path);
        const stats = await node.waitFor(
          "node-stats",
          (line) => line["received"] === total + original.length,
        );
        total += original.length;

        const arrived = [...packetsByFile(directory)].flatMap(([file, packets]) =>
          packets.slice(before.get(file)?.length ?? 0),
        );
        const linkTypes = new Set(original.map((packet) => packet.linkType));
        for (const linkType of linkTypes) {
          const from = original.filter((packet) => packet.linkType === linkType);
          const to = arrived.filter((packet) => packet.linkType === linkType);
          expect(to.length).toBe(from.length);
          for (const [index, packet] of from.entries()) {
            const same = to[index] as ReadPacket;
            expect(same.bytes.equals(packet.data)).toBe(true);
            expect(same.time).toBe(packet.timeNs);
            expect(same.originalLength).toBe(packet.originalLength);
            if (format === "pcap") continue;
            expect(same.hunter).toBe(hunterOf(path));
            expect(same.interface).toBe(packet.interfaceName || name);
          }
        }
        expect(arrived.length).toBe(original.length);
        if (format === "pcapng") {
          // One file holds all link types, so that the order over all interfaces stays as well.
          expect(arrived.map((packet) => packet.time)).toEqual(
            original.map(({ timeNs }) => timeNs),
          );
        }

        checkLabels(name, protocolCounts(statsBefore), protocolCounts(stats));
      });

      test("the node stops with nothing lost, and tshark reads what it reads in the originals", async () => {
        node.kill("SIGTERM");
        expect(await node.ended).toEqual({ code: 0, signal: null });
        checkAccounts(node);
        expect(node.latest("node-stopped")).toMatchObject({
          received: total,
          written: total,
          rejected: 0,
        });
        const files = [...packetsByFile(directory)];
        expect(files.reduce((sum, [, packets]) => sum + packets.length, 0)).toBe(total);
        if (!hasTshark) return;
        for (const [file, packets] of files) expect(countByCapinfos(file)).toBe(packets.length);
        const rows = files.flatMap(([file]) => tsharkRows(file));
        const wanted = originalRows();
        // Classic pcap has one file a link type, so the order over all of them is another.
        if (format === "pcap") {
          rows.sort();
          wanted.sort();
        }
        expect(rows.length).toBe(wanted.length);
        for (const [index, row] of rows.entries()) expect(row).toBe(wanted[index] as string);
      });
    },
  );
});

async function replay(node: RunningProcessor, path: string): Promise<void> {
  const flags = ["--insecure", "--log-format", "json", "-P", node.address];
  const hunt = await runWeir(["hunt", ...flags, "--id", hunterOf(path), "--read", path]);
  expect({ code: hunt.code, text: hunt.text }).toEqual({ code: 0, text: "" });
}

/** Strictly read; side files begin with a dot, and a pcap is empty until its link type is known. */
function packetsByFile(directory: string): Map<string, ReadPacket[]> {
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  const paths = names.sort().map((name) => join(directory, name));
  const begun = paths.filter((path) => statSync(path).size > 0);
  return new Map(begun.map((path) => [path, readCapture(path).packets]));
}

/** `HTTP=12 DNS=3` of a stats line. */
function protocolCounts(stats: LogLine | undefined): Map<string, number> {
  const text = String(stats?.["protocols"] ?? "");
  const pairs = text.split(" ").filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const [label = "", packets] = pair.split("=");
      return [label, Number(packets)];
    }),
  );
}

/**
 * The labels that one capture added are those of expected.tsv. Each flow has at least one packet
 * with its label, and no packet of another flow has it.
 */
function checkLabels(name: string, before: Map<string, number>, after: Map<string, number>): void {
  const wanted = expected.get(name);
  const added = [...after].filter(([label, packets]) => packets > (before.get(label) ?? 0));
  expect(added.map(([label]) => label).sort()).toEqual([...(wanted?.keys() ?? [])].sort());
  for (const [label, packets] of added) {
    const { flows, packets: most } = wanted?.get(label) ?? { flows: 0, packets: 0 };
    const count = packets - (before.get(label) ?? 0);
    expect(count, `${label} in ${name}`).toBeGreaterThanOrEqual(flows);
    expect(count, `${label} in ${name}`).toBeLessThanOrEqual(most);
  }
}

/** Time, both lengths, link type and a checksum of the bytes of each packet, as tshark sees them. */
function tsharkRows(path: string): string[] {
  const fields = ["time_epoch", "len", "cap_len", "encap_type", "md5_hash"];
  const names = fields.map((field) => `frame.${field}`);
  return tsharkFields(path, names, ["-o", "frame.generate_md5_hash:TRUE"]).map((row) =>
    row.join(" "),
  );
}

let cachedRows: string[] | undefined;

function originalRows(): string[] {
  cachedRows ??= originals.flatMap(tsharkRows);
  return [...cachedRows];
}
