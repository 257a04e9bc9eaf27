/**
 * Short packets of any link type: what admission takes, Wireshark reads, and where a packet is
 * rejected, Wireshark would have stopped. `WEIR_SEED=<number>` repeats a run.
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { interfaceBlock, sectionHeaderBlock } from "../../src/capture-format/pcapng-blocks.ts";
import { limits } from "../../src/config/limits.ts";
import { checkCaptureHeader, headerFault } from "../../src/packet/capture-header.ts";
import { encodeBatch, type PacketToEncode } from "../support/encode-batch.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { readCapture } from "../support/read-capture.ts";
import { seededRandom } from "../support/seed.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";
import { countByCapinfos, hasTshark } from "../support/wireshark.ts";

if (!hasTshark) console.log("skipped: reading short packets with tshark (it is not installed)");

// A machine that others keep busy is no failure.
setDefaultTimeout(60_000);
const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

const random = seededRandom("short packets");
const withHeader = [123, 139, 144, 177, 196, 197, 201, 204, 209, 245, 254];
const unknown = /Unknown packet encapsulation/;

interface Packet {
  readonly linkType: number;
  readonly data: Buffer;
}

/** Half of them with bytes that matter to some link type where it looks for them. */
function shortPacket(linkType: number): Packet {
  const data = Buffer.alloc(random.between(0, 44));
  const kind = random.between(0, 3);
  for (let at = 0; at < data.length && kind > 0; at++) {
    data[at] = kind === 1 ? 0xff : random.between(0, 255);
  }
  const put = (at: number, byte: number): void => {
    if (at < data.length) data[at] = byte;
  };
  if (random.next() < 0.5) {
    put(8, random.between(0, 27) | (random.next() < 0.5 ? 0x80 : 0));
    put(14, 0);
    put(15, random.next() < 0.5 ? 0x17 : 0x30);
    put(16, random.next() < 0.5 ? 0x80 : 0);
    put(24, random.next() < 0.2 ? 0x80 : 0);
  }
  return { linkType, data };
}

function packetBlock(data: Uint8Array, interfaceId: number): Buffer {
  const length = 32 + ((data.length + 3) & ~3);
  const block = Buffer.alloc(length);
  for (const [index, word] of [6, length, interfaceId, 0, 0, data.length, data.length].entries()) {
    block.writeUInt32LE(word, index * 4);
  }
  block.set(data, 28);
  block.writeUInt32LE(length, length - 4);
  return block;
}

/** A packet, and good ones of another interface behind it. */
function fileOf({ linkType, data }: Packet): Buffer {
  const described = { hunterId: "h", name: "if0" };
  const good = packetBlock(Buffer.alloc(60), 1);
  return Buffer.concat([
    sectionHeaderBlock("test"),
    interfaceBlock({ ...described, linkType }),
    interfaceBlock({ ...described, linkType: 1 }),
    packetBlock(data, 0),
    ...Array.from({ length: 4 }, () => good),
  ]);
}

function isTaken({ linkType, data }: Packet): boolean {
  return checkCaptureHeader(linkType, data, 0, data.length) === headerFault.none;
}

test.skipIf(!hasTshark)("what is rejected stops Wireshark, and what is taken does not", () => {
  const directory = mkdtempSync(join(root, "single-"));
  const packets = Array.from({ length: 600 }, (_, index) =>
    shortPacket(
      index % 4 === 0 ? random.between(0, 320) : (withHeader[index % withHeader.length] as number),
    ),
  );
  const names = packets.map((_, index) => String(index));
  for (const [index, packet] of packets.entries()) {
    writeFileSync(join(directory, String(index)), fileOf(packet));
  }
  const command = ["capinfos", "-M", "-T", "-r", "-c", ...names];
  const { stdout } = Bun.spawnSync(command, { cwd: directory });
  const lines = stdout.toString().trim().split("\n");
  const counts = new Map(lines.map((line) => line.split("\t") as [string, string]));
  for (const [index, packet] of packets.entries()) {
    const read = counts.get(String(index)) === "5";
    const shown = `link type ${packet.linkType}, ${packet.data.toString("hex")}`;
    expect(`${shown}: ${isTaken(packet)}`).toBe(`${shown}: ${read}`);
  }
});

test.skipIf(!hasTshark)("what the node records of them is read to the end", async () => {
  const path = join(root, "short.pcapng");
  const node = await startProcessor(["--workers", "1", "-w", path]);
  const hunter = new MockHunter(node.address);
  const linkTypes = new Set(withHeader);
  while (linkTypes.size < limits.linkTypesMax - 8) linkTypes.add(random.between(0, 320));
  const choice = [...linkTypes];
  let expected = 0;
  let sent = 0;
  const batches = 40;
  for (let sequence = 1; sequence <= batches; sequence++) {
    const packets: PacketToEncode[] = [];
    for (let count = 0; count < 100; count++) {
      const packet = shortPacket(choice[random.between(0, choice.length - 1)] as number);
      packets.push(packet);
      sent++;
      if (isTaken(packet)) expected++;
    }
    hunter.send(encodeBatch({ hunterId: "short", sequence: BigInt(sequence), packets }));
  }
  await hunter.waitAcks(batches);
  hunter.close();
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
  checkAccounts(node);
  expect(node.latest("node-stopped")?.["written"]).toBe(expected);
  expect(expected).toBeLessThan(sent);
  expect(readCapture(path).packets.length).toBe(expected);
  expect(countByCapinfos(path, unknown)).toBe(expected);
  // Dissectors may complain of such bytes; that they are given them all is what is asked.
  const command = ["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number"];
  const shown = Bun.spawnSync(command).stdout.toString().trim().split("\n");
  expect(shown.at(-1)).toBe(String(expected));
});
