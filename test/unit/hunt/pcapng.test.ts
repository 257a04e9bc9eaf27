import { describe, expect, test } from "bun:test";
import {
  big,
  block,
  interfaceBlock,
  little,
  oldPacketBlock,
  option,
  packetBlock,
  section,
  simplePacketBlock,
} from "./capture-files.ts";
import { readAll } from "./read-memory.ts";

const abc = Buffer.from("abc");

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
    expect(error).toContain("a packet of interface 0, which has no interface block");
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
      [damaged((bytes) => bytes.writeUInt32LE(0x4000_0000, 4)), "too long: the file is damaged"],
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
