import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInput } from "../../../src/hunt/capture-input.ts";
import { openCapture } from "../../../src/hunt/capture-reader.ts";
import {
  interfaceBlock,
  numberedPcap,
  option,
  packetBlock,
  pcapHeader,
  pcapRecord,
  section,
} from "./capture-files.ts";
import { readAll } from "./read-memory.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-capture-"));
afterAll(() => rmSync(directory, { recursive: true }));

const abc = Buffer.from("abc");

describe("what is no capture", () => {
  test("each has a reason", async () => {
    const cases: [Buffer, string][] = [
      [Buffer.alloc(0), "the input is empty"],
      [Buffer.from("ab"), "too short"],
      [Buffer.from("Hello there"), "neither pcap nor pcapng"],
      [Buffer.from([0x1f, 0x8b, 8, 0, 0]), "gunzip"],
      [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), "zstd"],
    ];
    for (const [file, reason] of cases) {
      expect((await readAll(file)).error).toContain(reason);
    }
  });

  test("garbage never crashes and never hangs", async () => {
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 8;
    };
    const good = [
      numberedPcap(20),
      Buffer.concat([
        section(),
        interfaceBlock(1, [option(2, Buffer.from("eth0"))]),
        ...Array.from({ length: 20 }, () => packetBlock({ ticks: 1n, data: abc })),
      ]),
    ];
    for (let round = 0; round < 600; round += 1) {
      const file = Buffer.from(good[round % 2] ?? abc);
      for (let change = 0; change <= round % 5; change += 1) {
        file[4 + (random() % (file.length - 4))] = random() & 0xff;
      }
      const { packets, error } = await readAll(file, 1 + (random() % 300));
      expect(packets.length).toBeLessThan(200);
      if (error !== "") expect(error).toMatch(/^test, offset \d+/);
    }
  });
});

describe("files", () => {
  test("a packet longer than the first buffer, read from disk", async () => {
    const data = Buffer.alloc(262_144, 7);
    const path = join(directory, "long.pcap");
    writeFileSync(
      path,
      Buffer.concat([pcapHeader(), pcapRecord(data, 1, 2), pcapRecord(abc, 1, 2)]),
    );
    const reader = await openCapture(path, "");
    const sizes: number[] = [];
    for (;;) {
      const packet = reader.next();
      if (packet !== undefined) {
        sizes.push(packet.data.length);
        expect(packet.interfaceName).toBe("long.pcap");
      } else if (!(await reader.fill())) break;
    }
    await reader.close();
    expect(sizes).toEqual([262_144, 3]);
    expect(reader.bytesRead).toBe(reader.sizeBytes ?? 0);
  });

  test("what cannot be opened says so in words", async () => {
    const text = join(directory, "notes.txt");
    writeFileSync(text, "these are notes");
    await expect(openCapture(join(directory, "missing.pcap"))).rejects.toThrow("no such file");
    await expect(openCapture(directory)).rejects.toThrow("it is a directory");
    await expect(openCapture(text)).rejects.toThrow(`${text}, offset 0: neither pcap nor pcapng`);
    await expect(openInput(join(directory, "missing.pcap"))).rejects.toThrow("cannot read");
  });
});
