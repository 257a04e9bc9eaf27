import { describe, expect, test } from "bun:test";
import { big, little, numberedPcap, pcapHeader, pcapRecord } from "./capture-files.ts";
import { readAll } from "./read-memory.ts";

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

  test("BSD loopback goes as LINKTYPE_LOOP, its family in network order", async () => {
    for (const order of [little, big]) {
      for (const written of ["\x02\0\0\0", "\0\0\0\x02", "\x1e\0\0\0", "\0\0\0\x1e"]) {
        const record = pcapRecord(Buffer.from(`${written}E`, "latin1"), 1, 2, order);
        const short = pcapRecord(abc, 1, 2, order);
        const file = Buffer.concat([pcapHeader({ order, linkType: 0 }), record, short]);
        const { packets } = await readAll(file);
        const family = written.replaceAll("\0", "");
        expect(packets.map(({ linkType, data }) => [linkType, data])).toEqual([
          [108, `\0\0\0${family}E`],
          [108, "abc"],
        ]);
      }
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
