import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { type InterfaceEntry, InterfaceTable } from "../../../src/record/interface-table.ts";
import { makeBatch } from "../../support/encode-batch.ts";

interface Asked {
  readonly hunter?: string;
  readonly number?: number;
  readonly name?: string | Uint8Array;
  readonly index?: number;
  readonly linkType?: number;
}

function find(table: InterfaceTable, asked: Asked): InterfaceEntry {
  const packet = {
    data: new Uint8Array(1),
    interfaceName: asked.name ?? "",
    interfaceIndex: asked.index ?? 0,
    linkType: asked.linkType ?? 1,
  };
  const batch = makeBatch({ hunterId: asked.hunter ?? "a", packets: [packet] }, asked.number ?? 0);
  return table.find(batch, 0);
}

describe("interfaces of a shard", () => {
  test("are numbered in the order of first use, one per hunter, name and link type", () => {
    const table = new InterfaceTable();
    const asked: Asked[] = [
      { name: "eth0" },
      { name: "eth1" },
      { name: "eth0", linkType: 113 },
      { name: "eth0", hunter: "b", number: 1 },
      { index: 1 },
      { index: 2 },
    ];
    for (let round = 0; round < 2; round++) {
      expect(asked.map((one) => find(table, one).number)).toEqual([0, 1, 2, 3, 4, 5]);
    }
    expect(find(table, { index: 2 })).toMatchObject({ name: "if2", repaired: false });
    expect(find(table, { name: "eth0", linkType: 0 }).linkType).toBe(1);
  });

  test("the index counts only for an interface without a name", () => {
    const table = new InterfaceTable();
    expect(find(table, { name: "eth0", index: 1 })).toBe(find(table, { name: "eth0", index: 2 }));
    expect(find(table, { index: 1 })).not.toBe(find(table, { index: 2 }));
  });

  test("belong to the hunter id, also when its number changes", () => {
    const table = new InterfaceTable();
    const before = find(table, { hunter: "a", number: 0, name: "eth0" });
    expect(find(table, { hunter: "a", number: 9, name: "eth0" })).toBe(before);
  });

  test("ids and names with any characters in them are kept apart", () => {
    const table = new InterfaceTable();
    const asked: Asked[] = [
      { hunter: "a", number: 0, name: "b\0c" },
      { hunter: "a\0b", number: 1, name: "c" },
      { hunter: "a\0nb", number: 2, name: "c" },
      { hunter: "1 a", number: 3, name: "eth0" },
      { hunter: "a", number: 0, name: "\x000" },
      { hunter: "a", number: 0, index: 0 },
      { hunter: "a", number: 0, name: "i0" },
    ];
    expect(new Set(asked.map((one) => find(table, one).number)).size).toBe(asked.length);
  });

  test("a name that is no valid UTF-8 is repaired, and equal bytes are one interface", () => {
    const table = new InterfaceTable();
    const name = Uint8Array.of(0x65, 0x74, 0xff, 0x30);
    const entry = find(table, { name });
    expect(entry).toMatchObject({ name: "et\ufffd0", repaired: true });
    expect(find(table, { name })).toBe(entry);
    expect(find(table, { name: "et\ufffd0" })).not.toBe(entry);
  });

  test("a longer name is cut between characters, and nothing more of it is kept", () => {
    const { interfaceNameBytesMax: max } = limits;
    for (let lead = 0; lead < 8; lead++) {
      const table = new InterfaceTable();
      const name = "x".repeat(lead) + "€𝄞".repeat(max);
      const entry = find(table, { name });
      expect(entry.repaired).toBe(true);
      expect(name.startsWith(entry.name)).toBe(true);
      expect(entry.name).not.toContain("\ufffd");
      const bytes = Buffer.byteLength(entry.name);
      expect(bytes).toBeGreaterThan(max - 4);
      expect(bytes).toBeLessThanOrEqual(max);
      expect(entry.wireName.length).toBeLessThanOrEqual(max);
      expect(find(table, { name: `${name}other` })).toBe(entry);
    }
    const whole = "y".repeat(max);
    expect(find(new InterfaceTable(), { name: whole })).toMatchObject({
      name: whole,
      repaired: false,
    });
  });

  test("a control character in an id or a name counts as repaired", () => {
    const table = new InterfaceTable();
    expect(find(table, { name: "a\u001b[2J" }).repaired).toBe(true);
    expect(find(table, { hunter: "x\0y", number: 1, name: "eth0" }).repaired).toBe(true);
    expect(find(table, { hunter: "x\\u0000y", number: 2, name: "eth0" }).repaired).toBe(true);
    expect(find(table, { name: "\\Device\\NPF_{1}" }).repaired).toBe(false);
  });

  test("what it keeps outlives the message that it came in", () => {
    const table = new InterfaceTable();
    const packet = { data: new Uint8Array(1), interfaceName: "eth0" };
    const batch = makeBatch({ hunterId: "a", packets: [packet] }, 0);
    const entry = table.find(batch, 0);
    batch.view.bytes.fill(0x58);
    expect(find(table, { name: "eth0" })).toBe(entry);
    expect(find(table, { name: "XXXX" })).not.toBe(entry);
  });

  test("beyond the ceiling there is one named overflow interface per link type", () => {
    const table = new InterfaceTable();
    const atOnce = 4096;
    for (let first = 0; first < limits.interfacesMax; first += atOnce) {
      const packets = Array.from({ length: atOnce }, (_, at) => ({
        data: new Uint8Array(1),
        interfaceIndex: first + at,
      }));
      const batch = makeBatch({ hunterId: "a", packets }, 0);
      for (let at = 0; at < atOnce; at++) table.find(batch, at);
    }
    const first = find(table, { name: "late0" });
    expect(first).toMatchObject({ overflow: true, name: "overflow", linkType: 1 });
    expect(find(table, { name: "late1", hunter: "b", number: 1 })).toBe(first);
    expect(find(table, { name: "late0", linkType: 113 })).not.toBe(first);
    expect(find(table, { index: 7 })).toMatchObject({ overflow: false, number: 7 });
  });
});
