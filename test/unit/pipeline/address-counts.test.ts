import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { AddressCounts, createAddressMemory } from "../../../src/pipeline/address-counts.ts";

function shards(count: number, seed = 0.5): AddressCounts[] {
  const memory = createAddressMemory(count, () => seed);
  return Array.from({ length: count }, (_, shard) => new AddressCounts(memory, shard));
}

describe("counts of an address", () => {
  test("hold over all shards together", () => {
    const [one, two] = shards(2) as [AddressCounts, AddressCounts];
    const slot = one.slotOf("192.0.2.1");
    expect(two.slotOf("192.0.2.1")).toBe(slot);
    for (let count = 0; count < limits.newcomersPerAddressMax; count++) {
      expect((count % 2 === 0 ? one : two).enter(slot, "newcomers")).toBe(true);
    }
    expect(one.enter(slot, "newcomers")).toBe(false);
    expect(two.enter(slot, "newcomers")).toBe(false);
    expect(two.enter(slot, "streams")).toBe(true);
    one.leave(slot, "newcomers");
    expect(two.enter(slot, "newcomers")).toBe(true);
    expect(one.enter(slot, "newcomers")).toBe(false);
  });

  test("of a shard that died are gone with it", () => {
    const memory = createAddressMemory(2, () => 0.25);
    const [one, two] = [new AddressCounts(memory, 0), new AddressCounts(memory, 1)];
    const slot = one.slotOf("2001:db8::1");
    expect(two.enter(slot, "connections")).toBe(true);
    for (let count = 1; count < limits.connectionsPerAddressMax; count++) {
      expect(one.enter(slot, "connections")).toBe(true);
    }
    expect(two.enter(slot, "connections")).toBe(false);
    const again = new AddressCounts(memory, 0);
    for (let count = 1; count < limits.connectionsPerAddressMax; count++) {
      expect(again.enter(slot, "connections")).toBe(true);
    }
    expect(again.enter(slot, "connections")).toBe(false);
  });

  test("are those of the whole /64 in IPv6, and of the address itself in IPv4", () => {
    const [counts] = shards(1) as [AddressCounts];
    const slots = (...addresses: string[]) => new Set(addresses.map((one) => counts.slotOf(one)));
    expect(slots("2001:db8:0:7::1", "2001:db8:0:7:ffff::2").size).toBe(1);
    expect(slots("192.0.2.1", "::ffff:192.0.2.1").size).toBe(1);
    expect(slots("2001:db8:0:7::1", "2001:db8:0:8::1", "192.0.2.1", "192.0.2.2").size).toBe(4);
  });

  test("are spread over all places, differently for each seed", () => {
    const addresses = Array.from({ length: 4096 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
    const placesOf = (seed: number) => {
      const [counts] = shards(1, seed) as [AddressCounts];
      return addresses.map((address) => counts.slotOf(address));
    };
    const [first, second] = [placesOf(0.1), placesOf(0.9)];
    // As many addresses as places: by chance 63 % of the places are used.
    for (const places of [first, second]) {
      expect(new Set(places).size).toBeGreaterThan(0.58 * limits.addressSlots);
      expect(Math.max(...places)).toBeLessThan(limits.addressSlots);
    }
    expect(first.filter((place, at) => place === second[at]).length).toBeLessThan(20);
  });
});
