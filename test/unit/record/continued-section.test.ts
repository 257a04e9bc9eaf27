import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  interfaceBlock,
  sectionHeaderBlock,
  statisticsBlock,
} from "../../../src/capture-format/pcapng-blocks.ts";
import { limits } from "../../../src/config/limits.ts";
import { fileIdentity } from "../../../src/record/capture-file.ts";
import { scanPcapng } from "../../../src/record/capture-scan.ts";
import { FileWindow } from "../../../src/record/file-window.ts";
import { recoverFile } from "../../../src/record/recovery.ts";
import { type SideState, sideCheck, sideCheckBytes } from "../../../src/record/side-file.ts";
import { littlePcapng, packetBlock, swappedPcapng } from "../../support/foreign-captures.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("continued");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const header = sectionHeaderBlock("Weir test");
const eth0 = interfaceBlock({ hunterId: "hunter", name: "eth0", linkType: 1 });
const packet = packetBlock(60);
const counters = { received: 1, dropped: 0, startMs: 0, endMs: 1 };
const path = join(directory, "x.pcapng");

function write(...blocks: readonly Uint8Array[]): void {
  writeFileSync(path, Buffer.concat(blocks));
}

/** What the last owner would have noted when the file had `offset` bytes. */
function noted(offset: number, interfaces: number | undefined): SideState {
  const identity = fileIdentity(statSync(path));
  const state = { file: "x.pcapng", identity, offset, synced: 0, closed: false, interfaces };
  const length = Math.min(offset, sideCheckBytes);
  const before = new FileWindow(openSync(path, "r"), statSync(path).size);
  const bytes = before.read(offset - length, length) ?? new Uint8Array(0);
  return { ...state, check: sideCheck(state, bytes) };
}

function interfacesOf(side?: SideState): number | string | undefined {
  const recovery = recoverFile(path, "pcapng", side);
  return recovery.action === "continue" ? recovery.interfaces : recovery.action;
}

describe("the section that a file ends with", () => {
  const changed = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(header);
    copy.writeUInt16LE(value, offset);
    return copy;
  };
  const ofUnknown = statisticsBlock({ interfaceId: 1, ...counters });
  const cases: [string, Buffer[], number | undefined][] = [
    ["no interface", [header], 0],
    ["two interfaces, packets and statistics", [header, eth0, packet, eth0, ofUnknown], 2],
    ["another program's", [littlePcapng()], 1],
    ["version 1.2", [changed(14, 2), eth0], 1],
    ["version 2.0", [changed(12, 2), eth0], undefined],
    ["a stated length", [littlePcapng(true)], undefined],
    ["the other byte order", [swappedPcapng(2)], undefined],
    ["the other byte order, then ours", [swappedPcapng(2), header, eth0], 1],
    ["ours, then the other byte order", [header, eth0, swappedPcapng(2)], undefined],
    ["a packet of no interface", [header, packet, eth0], undefined],
    ["statistics of no interface", [header, eth0, ofUnknown, eth0], undefined],
    ["the same in the section before", [header, packet, header, eth0, eth0], 2],
  ];

  test.each(cases)("%s", (_name, blocks, interfaces) => {
    write(...blocks, Buffer.from("torn"));
    expect(interfacesOf()).toBe(interfaces);
    expect(statSync(path).size).toBe(Buffer.concat(blocks).length);
  });

  test("from a block on that is not the first, the number before it is gone on from", () => {
    write(header, eth0, eth0, packet);
    const scanned = (from: number, before?: number): number | undefined =>
      scanPcapng(new FileWindow(openSync(path, "r"), statSync(path).size), from, before).interfaces;
    const second = header.length + eth0.length;
    expect(scanned(second, 1)).toBe(2);
    expect(scanned(second, 40)).toBe(41);
    expect(scanned(second)).toBeUndefined();
    // A packet of interface 0 says that there is one.
    expect(scanned(second + eth0.length, 0)).toBeUndefined();
  });
});

describe("the number in the side file", () => {
  const three = Buffer.concat([header, eth0, eth0, eth0, packet]);

  test("spares the scan of a file that is too long for it", () => {
    write(header, eth0);
    // What comes before the offset is a hole: nothing could be read from it.
    const offset = limits.recoveryScanBytesMax + 4096;
    truncateSync(path, offset);
    const side = noted(offset, 7);
    appendFileSync(path, Buffer.concat([eth0, packet, packet.subarray(0, 50)]));
    expect(interfacesOf({ ...side, interfaces: 6 })).toBeUndefined();
    expect(statSync(path).size).toBe(offset + eth0.length + packet.length);
    expect(interfacesOf(side)).toBe(8);
  });

  const lies: [string, () => SideState][] = [
    [
      "no check, as earlier versions wrote",
      () => ({ ...noted(three.length, 9), check: undefined }),
    ],
    ["another number", () => ({ ...noted(three.length, 3), interfaces: 2 })],
    ["another offset", () => ({ ...noted(three.length, 2), offset: header.length })],
    ["no number", () => noted(three.length, undefined)],
    ["fewer than the packets speak of", () => noted(three.length - packet.length, 0)],
  ];
  test.each(lies)("is not believed: %s", (_name, side) => {
    write(three);
    expect(interfacesOf(side())).toBe(3);
  });

  test("is not believed of a file that was written over in place", () => {
    const named = (hunterId: string): Buffer =>
      interfaceBlock({ hunterId, name: "eth0", linkType: 1 });
    write(header, named("h".repeat(200)), packet);
    const side = noted(statSync(path).size, 1);
    // As long, the last packet is the same, and there is one interface more.
    write(header, named("h"), named("h".repeat(200 - named("").length - 8)), packet);
    expect(statSync(path).size).toBe(side.offset);
    expect(interfacesOf(side)).toBe(2);
  });

  test("costs no packet when the start of the file is damaged", () => {
    write(header, eth0, packet, packet);
    const size = statSync(path).size;
    const side = { ...noted(size - packet.length, 1), check: undefined };
    const damaged = readFileSync(path);
    damaged.writeUInt32LE(13, header.length + 4);
    writeFileSync(path, damaged);
    expect(interfacesOf(side)).toBeUndefined();
    expect(statSync(path).size).toBe(size);
  });
});

describe("a block that no reader gets over", () => {
  const changed = (block: Buffer, offset: number, value: number): Buffer => {
    const copy = Buffer.from(block);
    copy.writeUInt32LE(value, offset);
    return copy;
  };
  const statistics = statisticsBlock({ interfaceId: 0, ...counters });
  const lastOption = (block: Buffer): number => block.length - 4;
  const cases: [string, Buffer][] = [
    ["a packet that is longer than its block", changed(packet, 20, 61)],
    ["a packet of 4 GiB", changed(packet, 20, 0xffff_ffff)],
    ["a packet with more behind it than options", changed(packet, 20, 40)],
    ["an interface with an option beyond its end", changed(eth0, 16, 0x7000_0002)],
    [
      "an interface whose options end with a length",
      changed(eth0, lastOption(eth0) - 4, 0x0004_0000),
    ],
    ["statistics with an option beyond their end", changed(statistics, 20, 0x7000_0002)],
  ];
  test.each(cases)("%s", (_name, block) => {
    write(header, eth0, packet, block, packet);
    expect(interfacesOf()).toBe("set-aside");
  });

  test("options of a packet are read over", () => {
    const options = Buffer.from("01000200 68690000 00000000".replaceAll(" ", ""), "hex");
    for (const part of [options, options.subarray(0, 8)]) {
      const longer = Buffer.concat([packet.subarray(0, -4), part, packet.subarray(-4)]);
      longer.writeUInt32LE(longer.length, 4);
      longer.writeUInt32LE(longer.length, longer.length - 4);
      write(header, eth0, longer, packet);
      expect(interfacesOf()).toBe(1);
    }
  });
});

test("no section has more interfaces than it may, over starts", async () => {
  const full = join(directory, "full.pcapng");
  const many = Array.from({ length: limits.interfacesMax - 2 }, () => eth0);
  writeFileSync(full, Buffer.concat([header, ...many]));
  const node = await recordInProcess(recorderConfig(full));
  for (let number = 0; number < 5; number++) {
    node.fillers[0]?.announce(number, `hunter-${number}`, "eth0", 1);
    node.fillers[0]?.packet({ interface: number, time: BigInt(number), bytes: Buffer.alloc(4) });
  }
  await node.finish();
  const file = readCapture(full);
  expect([file.sections, file.interfaces]).toEqual([2, limits.interfacesMax + 3]);
  expect(file.packets.map(({ hunter }) => hunter)).toEqual(
    Array.from({ length: 5 }, (_, number) => `hunter-${number}`),
  );
});

test("statistics are of the interfaces of this start", async () => {
  const twice = join(directory, "twice.pcapng");
  for (const order of [
    ["a", "b"],
    ["b", "c", "a"],
  ]) {
    const node = await recordInProcess(recorderConfig(twice));
    for (const [number, hunter] of order.entries()) {
      node.fillers[0]?.announce(number, hunter, "eth0", 1);
      node.fillers[0]?.packet({ interface: number, time: 1n, bytes: Buffer.from(hunter) });
      node.fillers[0]?.statistics(number, hunter.charCodeAt(0), order.length);
    }
    await node.finish();
  }
  const file = readCapture(twice);
  expect([file.sections, file.interfaces]).toEqual([1, 5]);
  const said = file.statistics.map(({ hunter, received }) => [hunter, Number(received)]);
  expect(said).toEqual(["a", "b", "b", "c", "a"].map((hunter) => [hunter, hunter.charCodeAt(0)]));
});
