/**
 * Hunters of several link types at once, all with interfaces of the same names: in pcapng each has
 * its own interface block, in pcap each link type its own file, and no packet is ever mislabelled.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { encodeBatch } from "../support/encode-batch.ts";
import type { MockHunter } from "../support/mock-hunter.ts";
import { capturesIn, expectRun, hunterName } from "../support/numbered-capture.ts";
import { numberedPacket, readMark } from "../support/numbered-packets.ts";
import { type ReadPacket, readCapture } from "../support/read-capture.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";
import { countByCapinfos, hasTshark, tsharkFields } from "../support/wireshark.ts";

interface LinkType {
  readonly number: number;
  /** Of its file beside `x.pcap`. */
  readonly name: string;
  /** What stands before the IPv4 header. */
  readonly header: Buffer;
  /** How tshark calls frames of it; "" where it does not know them. */
  readonly protocols: string;
}

const ipv4 = 0x0800;

/** LINKTYPE_LINUX_SLL (tcpdump.org/linktypes): sent by us, Ethernet hardware, address, protocol. */
function cookedHeader(): Buffer {
  const header = Buffer.from("0000 0001 0006 020000000001 0000 0000".replaceAll(" ", ""), "hex");
  header.writeUInt16BE(ipv4, 14);
  return header;
}

/** LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, hardware, packet type, address. */
function cookedHeader2(): Buffer {
  const text = "0000 0000 00000002 0001 00 06 0200000000010000";
  const header = Buffer.from(text.replaceAll(" ", ""), "hex");
  header.writeUInt16BE(ipv4, 0);
  return header;
}

const linkTypes: readonly LinkType[] = [
  {
    number: 1,
    name: "ethernet",
    header: Buffer.from(numberedPacket(0, 0)).subarray(0, 14),
    protocols: "eth:ethertype:ip:udp",
  },
  { number: 101, name: "raw", header: Buffer.alloc(0), protocols: "raw:ip:udp" },
  { number: 113, name: "linux-sll", header: cookedHeader(), protocols: "sll:ethertype:ip:udp" },
  { number: 276, name: "linux-sll2", header: cookedHeader2(), protocols: "sll:ethertype:ip:udp" },
  // Nobody knows what that is; it is recorded all the same.
  { number: 60_321, name: "linktype-60321", header: Buffer.alloc(7, 0xee), protocols: "" },
];

const batches = 40;
const packetsPerBatch = 10;
const interfaces = ["eth0", "any"];
const perHunter = batches * packetsPerBatch;

const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Two hunters of each link type, and one that has them all. */
function linkTypeOf(hunter: number, number: number): LinkType {
  const all = hunter === 2 * linkTypes.length;
  const index = all ? number : Math.floor(hunter / 2);
  return linkTypes[index % linkTypes.length] as LinkType;
}

const hunters = 2 * linkTypes.length + 1;
const interfaceOf = (number: number): string => interfaces[number % 2] as string;

function packetOf(hunter: number, number: number): Buffer {
  const packet = Buffer.from(numberedPacket(hunter, number, 100 + (number % 7))).subarray(14);
  return Buffer.concat([linkTypeOf(hunter, number).header, packet]);
}

function batchOf(hunter: number, sequence: number): Uint8Array {
  const first = (sequence - 1) * packetsPerBatch;
  const packets = Array.from({ length: packetsPerBatch }, (_, index) => {
    const number = first + index;
    return {
      data: packetOf(hunter, number),
      timeNs: BigInt(number + 1) * 1_000_000_007n,
      linkType: linkTypeOf(hunter, number).number,
      interfaceName: interfaceOf(number),
    };
  });
  return encodeBatch({ hunterId: hunterName(hunter), sequence: BigInt(sequence), packets });
}

async function send(stream: MockHunter, hunter: number): Promise<void> {
  for (let sequence = 1; sequence <= batches; sequence++) {
    await stream.sendPaced(batchOf(hunter, sequence));
    // Now and then in step with the others, so that link types alternate in the files.
    if (sequence % 5 === 0) await stream.waitAcks(sequence);
  }
  await stream.waitAcks(batches);
  expect(stream.acks.map(({ error }) => error).filter((error) => error !== "")).toEqual([]);
}

async function record(path: string, workers: number): Promise<void> {
  const node = await startProcessor(["--workers", String(workers), "--write-file", path]);
  const streams = await connectAcrossShards(node, hunters);
  await Promise.all(streams.map((stream, hunter) => send(stream, hunter)));
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  for (const stream of streams) stream.close();
  checkAccounts(node);
  expect(node.latest("node-stopped")?.["written"]).toBe(hunters * perHunter);
}

/** The hunter and number of a packet, which has the bytes, the time and the link type it was sent with. */
function identify(packet: ReadPacket): { hunter: number; number: number } {
  const link = linkTypes.find(({ number }) => number === packet.linkType);
  if (link === undefined) throw new Error(`link type ${packet.linkType} was never sent`);
  const mark = readMark(
    Buffer.concat([Buffer.alloc(14), packet.bytes.subarray(link.header.length)]),
  );
  const { hunter, number } = mark;
  const same =
    packet.bytes.equals(packetOf(hunter, number)) &&
    packet.time === BigInt(number + 1) * 1_000_000_007n &&
    linkTypeOf(hunter, number) === link;
  if (!same) throw new Error(`packet ${number} of hunter ${hunter} is not as it was sent`);
  return mark;
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  test("pcapng: each hunter, interface and link type has its own interface block", async () => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
    await record(path, workers);
    expect(capturesIn(join(path, "..")).map((name) => basename(name))).toEqual(["x.pcapng"]);
    const file = readCapture(path);
    expect(file.sections).toBe(1);
    // Each of the ten has two names; the one with all link types has each with each.
    expect(file.interfaces).toBe(2 * 2 * linkTypes.length + 2 * linkTypes.length);
    const found = Array.from({ length: hunters }, (): number[] => []);
    for (const packet of file.packets) {
      const { hunter, number } = identify(packet);
      expect([packet.hunter, packet.interface]).toEqual([hunterName(hunter), interfaceOf(number)]);
      found[hunter]?.push(number);
    }
    for (const [hunter, numbers] of found.entries()) {
      expect(expectRun(numbers, 0, hunterName(hunter))).toBe(perHunter);
    }
    if (hasTshark) expectTsharkAgrees(path, file.packets);
  });

  test("pcap: each link type has its own file, which is continued", async () => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcap");
    await record(path, workers);
    const files = capturesIn(join(path, ".."));
    expect(files.length).toBe(linkTypes.length);
    const found = Array.from({ length: hunters }, () => new Set<number>());
    for (const name of files) {
      const { packets } = readCapture(name);
      const linkType = readFileSync(name).readUInt32LE(20);
      const link = linkTypes.find(({ number }) => number === linkType);
      // The first packet's stands in the file at the path itself.
      if (name !== path) expect(basename(name)).toBe(`x.${link?.name}.pcap`);
      const last = new Map<number, number>();
      for (const packet of packets) {
        const { hunter, number } = identify(packet);
        expect(number).toBeGreaterThan(last.get(hunter) ?? -1);
        last.set(hunter, number);
        found[hunter]?.add(number);
      }
      // In pcap, Wireshark refuses a file of a link type that it does not know.
      if (hasTshark && link?.protocols !== "") {
        expect(countByCapinfos(name)).toBe(packets.length);
      }
    }
    expect(found.map(({ size }) => size)).toEqual(found.map(() => perHunter));

    await record(path, workers);
    expect(capturesIn(join(path, ".."))).toEqual(files);
    const packets = files.flatMap((name) => readCapture(name).packets);
    const times = Map.groupBy(packets, (packet) => JSON.stringify(identify(packet)));
    expect([...times.values()].filter(({ length }) => length !== 2)).toEqual([]);
    expect(times.size).toBe(hunters * perHunter);
  });
});

/** Wireshark's dissectors see what was sent, and under whose name. */
function expectTsharkAgrees(path: string, packets: readonly ReadPacket[]): void {
  const fields = [
    "frame.interface_description",
    "frame.interface_name",
    "frame.protocols",
    "ip.src",
  ];
  const rows = tsharkFields(path, fields);
  expect(rows.length).toBe(packets.length);
  for (const [index, packet] of packets.entries()) {
    const [hunter, name, protocols = "", source] = rows[index] ?? [];
    expect([hunter, name]).toEqual([packet.hunter, packet.interface]);
    const link = linkTypes.find(({ number }) => number === packet.linkType);
    if (link === undefined || link.protocols === "") continue;
    expect(protocols).toStartWith(link.protocols);
    expect(source).toBe(`10.0.0.${identify(packet).hunter}`);
  }
}
