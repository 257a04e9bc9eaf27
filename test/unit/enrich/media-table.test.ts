import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { MediaTable } from "../../../src/enrich/media-table.ts";
import { findLayers } from "../../../src/packet/find-layers.ts";
import { Layers } from "../../../src/packet/layers.ts";
import { ipv4, ipv6, udpDatagram } from "../../support/packets.ts";

const layers = new Layers();

function find(table: MediaTable, hunter: number, toPort: number, nowMs = 0, fromPort = 1): string {
  const inside = udpDatagram({ sourcePort: fromPort, destinationPort: toPort }, new Uint8Array(12));
  const data = ipv4({ protocol: 17, source: [10, 0, 0, 1], destination: [10, 0, 0, 1] }, inside);
  findLayers(layers, data, 0, data.length, 101);
  return table.find(hunter, data, layers, nowMs);
}

test("an announced address names the call for what it receives and sends", () => {
  const table = new MediaTable();
  table.announce(1, "a", [{ address: "10.0.0.1", port: 4000 }], 0);
  expect(find(table, 1, 4000)).toBe("a");
  expect(find(table, 1, 5, 0, 4000)).toBe("a");
  expect(find(table, 1, 4001)).toBe("");
  expect(find(table, 2, 4000)).toBe("");
});

test("IPv6 addresses are the same in whatever form they were written", () => {
  const table = new MediaTable();
  table.announce(1, "a", [{ address: "FD00:0:0::0:1", port: 4000 }], 0);
  const destination = [0xfd, ...new Array<number>(14).fill(0), 1];
  const inside = udpDatagram({ sourcePort: 1, destinationPort: 4000 }, new Uint8Array(12));
  const data = ipv6({ nextHeader: 17, destination }, inside);
  findLayers(layers, data, 0, data.length, 101);
  expect(table.find(1, data, layers, 0)).toBe("a");
});

test("the call announced last has the address", () => {
  const table = new MediaTable();
  for (const call of ["a", "b"]) table.announce(1, call, [{ address: "10.0.0.1", port: 4000 }], 0);
  expect(find(table, 1, 4000)).toBe("b");
  expect(table.size).toBe(1);
});

test("addresses that are not used are forgotten, those in use stay", () => {
  const table = new MediaTable();
  table.announce(1, "a", [{ address: "10.0.0.1", port: 4000 }], 0);
  table.announce(1, "b", [{ address: "10.0.0.1", port: 4002 }], 0);
  expect(find(table, 1, 4000, limits.mediaIdleMs)).toBe("a");
  expect(find(table, 1, 4000, limits.mediaIdleMs + 1)).toBe("a");
  expect(find(table, 1, 4002, limits.mediaIdleMs + 1)).toBe("");
  expect(table.size).toBe(1);
});

test("there are at most so many, and names are no addresses", () => {
  const table = new MediaTable();
  table.announce(1, "a", [{ address: "host", port: 1 }], 0);
  expect(table.size).toBe(0);
  for (let index = 0; index <= limits.mediaAddressesMax; index++) {
    table.announce(index >> 12, "a", [{ address: "10.0.0.1", port: 1 + (index & 0xfff) }], 0);
  }
  expect(table.size).toBe(limits.mediaAddressesMax);
  expect(find(table, 0, 1)).toBe("");
  expect(find(table, 0, 2)).toBe("a");
});
