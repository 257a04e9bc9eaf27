import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CaptureInput, openInput } from "../../../src/hunt/capture-input.ts";
import { CaptureReader, openCapture } from "../../../src/hunt/capture-reader.ts";
import {
  big,
  block,
  interfaceBlock,
  little,
  numberedPcap,
  oldPacketBlock,
  option,
  packetBlock,
  pcapHeader,
  pcapRecord,
  section,
  simplePacketBlock,
} from "./capture-files.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-capture-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Seen {
  readonly timeNs: bigint;
  readonly linkType: number;
  readonly name: string;
  readonly index: number;
  readonly data: string;
  readonly originalLength: number;
}

interface Outcome {
  readonly packets: Seen[];
  readonly error: string;
  readonly torn: string | undefined;
}

/** Input from memory that gives at most `chunk` bytes at a time. */
function memoryInput(bytes: Buffer, chunk: number): CaptureInput {
  let at = 0;
  return {
    name: "test",
    sizeBytes: bytes.length,
    read: async (target) => {
      const count = bytes.copy(target.subarray(0, chunk), 0, at);
      at += count;
      return count;
    },
    close: async () => {},
  };
}

async function readAll(bytes: Buffer, chunk = 65536): Promise<Outcome> {
  const reader = new CaptureReader(memoryInput(bytes, chunk), (index) => `unnamed${index}`);
  const packets: Seen[] = [];
  try {
    for (;;) {
      const packet = reader.next();
      if (packet === undefined) {
        if (!(await reader.fill())) break;
        continue;
      }
      packets.push({
        timeNs: BigInt.asIntN(64, (BigInt(packet.timeHigh) << 32n) | BigInt(packet.timeLow)),
        linkType: packet.linkType,
        name: packet.interfaceName,
        index: packet.interfaceIndex,
        data: Buffer.from(packet.data).toString("latin1"),
        originalLength: packet.originalLength,
      });
    }
  } catch (error) {
    return { packets, error: String((error as Error).message), torn: undefined };
  }
  return { packets, error: "", torn: reader.tornTail() };
}

const abc = Buffer.from("abc");

describe("pcap", () => {
  const orders = { little, big };
  for (const [orderName, order] of Object.entries(orders)) {
    for (const [magic, fractionNs] of [
      [0xa1b2c3d4, 1000n],
      [0xa1b23c4d, 1n],
    ] as const) {
      test(`${orderName}-endian, fraction of ${fractionNs} ns`, async () => {
        const file = Buffer.concat([
          pcapHeader({ order, magic, linkType: 113 }),
          pcapRecord(abc, 1_700_000_001, 999_999, order, 1500),
          pcapRecord(Buffer.alloc(0), 4_294_967_295, 1, order),
        ]);
        for (const chunk of [1, 7, 65536]) {
          const { packets, error, torn } = await readAll(file, chunk);
          expect([error, torn]).toEqual(["", undefined]);
          expect(packets).toEqual([
            {
              timeNs: 1_700_000_001n * 1_000_000_000n + 999_999n * fractionNs,
              linkType: 113,
              name: "unnamed0",
              index: 0,
              data: "abc",
              originalLength: 1500,
            },
            {
              timeNs: 4_294_967_295n * 1_000_000_000n + fractionNs,
              linkType: 113,
              name: "unnamed0",
              index: 0,
              data: "",
              originalLength: 0,
            },
          ]);
        }
      });
    }
  }

  test("records with the longer header of patched kernels", async () => {
    const record = pcapRecord(abc, 5, 6);
    const longer = Buffer.concat([record.subarray(0, 16), Buffer.alloc(8, 0xee), abc]);
    const file = Buffer.concat([pcapHeader({ magic: 0xa1b2cd34 }), longer, longer]);
    const { packets } = await readAll(file);
    expect(packets.map((packet) => [packet.data, packet.timeNs])).toEqual([
      ["abc", 5_000_006_000n],
      ["abc", 5_000_006_000n],
    ]);
  });

  test("before version 2.3 the two lengths stand the other way round", async () => {
    const { u32 } = little;
    const record = Buffer.concat([u32(5), u32(6), u32(100), u32(3), abc]);
    const { packets } = await readAll(Buffer.concat([pcapHeader({ minor: 2 }), record]));
    expect(packets.map((packet) => [packet.data, packet.originalLength])).toEqual([["abc", 100]]);
  });

  test("an original length below the captured one is raised to it", async () => {
    const { packets } = await readAll(
      Buffer.concat([pcapHeader(), pcapRecord(abc, 1, 2, little, 1)]),
    );
    expect(packets[0]?.originalLength).toBe(3);
  });

  test("link types are passed on as they are, without the frame check sequence's length", async () => {
    for (const [given, expected] of [
      [12, 12],
      [14, 14],
      [101, 101],
      [0x3400_0001, 1],
    ] as const) {
      const { packets } = await readAll(
        Buffer.concat([pcapHeader({ linkType: given }), pcapRecord(abc, 1, 2)]),
      );
      expect(packets[0]?.linkType).toBe(expected);
    }
  });

  test("a torn tail gives the packets before it and says where it is", async () => {
    const file = numberedPcap(3);
    const recordBytes = 16 + 64;
    for (const cut of [1, 20, recordBytes - 1]) {
      const { packets, error, torn } = await readAll(file.subarray(0, file.length - cut));
      expect(packets).toHaveLength(2);
      expect(error).toBe("");
      expect(torn).toContain(`offset ${24 + 2 * recordBytes}`);
    }
  });

  test("a length that cannot be right is an error with its offset", async () => {
    const bad = pcapRecord(abc, 1, 2);
    bad.writeUInt32LE(0x7fff_ffff, 8);
    const { packets, error } = await readAll(Buffer.concat([numberedPcap(1), bad]));
    expect(packets).toHaveLength(1);
    expect(error).toStartWith("test, offset 104: a packet of 2147483647 bytes");
  });

  test("a tail of zeros gives no packets", async () => {
    const { packets, error } = await readAll(Buffer.concat([numberedPcap(2), Buffer.alloc(1000)]));
    expect(packets).toHaveLength(2);
    expect(error).toContain("offset 184: a record of zeros");
  });
});

describe("pcapng", () => {
  test("Enhanced, old and Simple Packet Blocks in both byte orders", async () => {
    for (const order of [little, big]) {
      const names = [option(2, Buffer.from("eth0"), order), option(0, Buffer.alloc(0), order)];
      const file = Buffer.concat([
        section(order),
        interfaceBlock(1, names, order),
        interfaceBlock(101, [option(3, Buffer.from("the uplink"), order)], order),
        interfaceBlock(113, [], order),
        packetBlock({ ticks: 1_700_000_000_123_456n, data: abc, originalLength: 90, order }),
        oldPacketBlock({ index: 1, ticks: 2_000_000n, data: Buffer.from("old!"), order }),
        packetBlock({ index: 2, ticks: 3n, data: Buffer.alloc(0), order }),
      ]);
      for (const chunk of [1, 13, 65536]) {
        const { packets, error, torn } = await readAll(file, chunk);
        expect([error, torn]).toEqual(["", undefined]);
        expect(packets).toEqual([
          {
            timeNs: 1_700_000_000_123_456_000n,
            linkType: 1,
            name: "eth0",
            index: 0,
            data: "abc",
            originalLength: 90,
          },
          {
            timeNs: 2_000_000_000n,
            linkType: 101,
            name: "the uplink",
            index: 1,
            data: "old!",
            originalLength: 4,
          },
          {
            timeNs: 3000n,
            linkType: 113,
            name: "unnamed2",
            index: 2,
            data: "",
            originalLength: 0,
          },
        ]);
      }
    }
  });

  test("a Simple Packet Block is cut at the snap length and has no time", async () => {
    const file = Buffer.concat([
      section(),
      interfaceBlock(1, [], little, 3),
      simplePacketBlock(Buffer.from("abcX"), 1500),
      simplePacketBlock(Buffer.from("ab"), 2),
    ]);
    const { packets, error } = await readAll(file);
    expect(error).toBe("");
    expect(packets.map((packet) => [packet.data, packet.originalLength, packet.timeNs])).toEqual([
      ["abc", 1500, 0n],
      ["ab", 2, 0n],
    ]);
  });

  test("times in every resolution, and with an offset", async () => {
    const cases: [number, bigint, bigint, bigint][] = [
      [0, 7n, 0n, 7_000_000_000n],
      [3, 1_700_000_000_123n, 0n, 1_700_000_000_123_000_000n],
      [6, (1n << 33n) + 5n, 0n, ((1n << 33n) + 5n) * 1000n],
      [9, 1_700_000_000_123_456_789n, 0n, 1_700_000_000_123_456_789n],
      [12, 5_123_456_789_012n, 0n, 5_123_456_789n],
      [0x80 | 10, 1536n, 0n, 1_500_000_000n],
      [0x80 | 32, (9n << 32n) | 0x8000_0000n, 0n, 9_500_000_000n],
      [6, 1_000_000n, 100n, 101_000_000_000n],
      [6, 1_000_000n, -3n, -2_000_000_000n],
    ];
    for (const [resolution, ticks, offset, expected] of cases) {
      const seconds = Buffer.alloc(8);
      seconds.writeBigInt64LE(offset);
      const options = [option(9, Buffer.from([resolution]))];
      if (offset !== 0n) options.push(option(14, seconds));
      const file = Buffer.concat([
        section(),
        interfaceBlock(1, options),
        packetBlock({ ticks, data: abc }),
      ]);
      const { packets } = await readAll(file);
      expect(packets[0]?.timeNs).toBe(expected);
    }
  });

  test("a new section forgets the interfaces and may have the other byte order", async () => {
    const file = Buffer.concat([
      section(little),
      interfaceBlock(1, [option(2, Buffer.from("a"))]),
      packetBlock({ ticks: 1n, data: abc }),
      section(big),
      interfaceBlock(12, [option(2, Buffer.from("b"), big)], big),
      packetBlock({ ticks: 2n, data: abc, order: big }),
      section(little),
      packetBlock({ ticks: 3n, data: abc }),
    ]);
    const { packets, error } = await readAll(file, 100);
    expect(packets.map((packet) => [packet.name, packet.linkType])).toEqual([
      ["a", 1],
      ["b", 12],
    ]);
    expect(error).toContain("a packet of interface 0, which is not described");
  });

  test("unknown blocks are passed over, however long", async () => {
    const file = Buffer.concat([
      section(),
      block(0x0bad_0bad, Buffer.alloc(3_000_000, 1)),
      interfaceBlock(1),
      block(5, Buffer.alloc(20)),
      packetBlock({ ticks: 1n, data: abc }),
    ]);
    const { packets, error, torn } = await readAll(file);
    expect([packets.length, error, torn]).toEqual([1, "", undefined]);
  });

  test("a name is cut where no character is split", async () => {
    const name = Buffer.from(`${"x".repeat(255)}äöü`);
    const file = Buffer.concat([
      section(),
      interfaceBlock(1, [option(2, name)]),
      packetBlock({ ticks: 1n, data: abc }),
    ]);
    const { packets } = await readAll(file);
    expect(packets[0]?.name).toBe("x".repeat(255));
  });

  test("torn in a packet, in a skipped block", async () => {
    const head = [section(), interfaceBlock(1), packetBlock({ ticks: 1n, data: abc })];
    const skipped = block(0x0bad_0bad, Buffer.alloc(500_000));
    for (const last of [packetBlock({ ticks: 2n, data: abc }), skipped]) {
      const file = Buffer.concat([...head, last]);
      const { packets, error, torn } = await readAll(file.subarray(0, file.length - 5));
      expect([packets.length, error]).toEqual([1, ""]);
      expect(torn).toContain("ends in the middle of a record");
    }
  });

  test("damage is an error with its offset, after the packets before it", async () => {
    const good = Buffer.concat([
      section(),
      interfaceBlock(1),
      packetBlock({ ticks: 1n, data: abc }),
    ]);
    const damaged = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = packetBlock({ ticks: 1n, data: abc });
      change(bytes);
      return Buffer.concat([good, bytes]);
    };
    const cases: [Buffer, string][] = [
      [damaged((bytes) => bytes.writeUInt32LE(13, 4)), "a block length of 13"],
      [damaged((bytes) => bytes.writeUInt32LE(0, 4)), "a block length of 0"],
      [damaged((bytes) => bytes.writeUInt32LE(9999, bytes.length - 4)), "the two lengths"],
      [damaged((bytes) => bytes.writeUInt32LE(0x4000_0000, 4)), "too long to be right"],
      [damaged((bytes) => bytes.writeUInt32LE(5, 20)), "a packet of 5 bytes in a block of 36"],
      [damaged((bytes) => bytes.writeUInt32LE(1, 8)), "a packet of interface 1"],
      [Buffer.concat([good, block(6, Buffer.alloc(8))]), "a packet block is too short"],
      [Buffer.concat([good, block(1, Buffer.alloc(4))]), "an interface block is too short"],
      [Buffer.concat([good, interfaceBlock(1, [little.u16(2), little.u16(99)])]), "past the end"],
      [Buffer.concat([good, block(0x0a0d0d0a, Buffer.alloc(16))]), "byte-order mark"],
    ];
    for (const [file, reason] of cases) {
      const { packets, error } = await readAll(file);
      expect(error).toContain(reason);
      expect(error).toMatch(/^test, offset \d+/);
      expect(packets).toHaveLength(1);
    }
  });
});

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
