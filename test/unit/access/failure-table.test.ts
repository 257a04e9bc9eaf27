import { describe, expect, test } from "bun:test";
import { createFailureMemory, FailureTable } from "../../../src/access/failure-table.ts";
import { limits } from "../../../src/config/limits.ts";

const { accessFailuresMax: failuresMax, accessFailureWindowMs: windowMs } = limits;

function table() {
  const memory = createFailureMemory();
  const failures = new FailureTable(memory);
  failures.setTime(10_000_000);
  return { failures, memory };
}

describe("wrong keys of an address", () => {
  test("lock it at the fifth, and it alone", () => {
    const { failures } = table();
    for (let count = 1; count <= failuresMax; count++) {
      expect(failures.isLocked("10.0.0.1")).toBe(false);
      expect(failures.add("10.0.0.1")).toBe(count);
    }
    expect(failures.isLocked("10.0.0.1")).toBe(true);
    expect(failures.add("10.0.0.1")).toBe(0);
    expect(failures.isLocked("10.0.0.2")).toBe(false);
  });

  test("are at most five within any 60 s, wherever they fall", () => {
    const { failures } = table();
    const looked: number[] = [];
    for (let ms = 10_000_000; ms < 10_000_000 + 10 * windowMs; ms += 700) {
      failures.setTime(ms);
      if (failures.isLocked("10.0.0.1")) continue;
      failures.add("10.0.0.1");
      looked.push(ms);
    }
    expect(looked.length).toBeGreaterThan(4 * failuresMax);
    for (const [index, ms] of looked.entries()) {
      const sixth = looked[index + failuresMax];
      if (sixth !== undefined) expect(sixth - ms).toBeGreaterThanOrEqual(windowMs);
    }
  });

  test("are counted over all threads that share the memory", () => {
    const { failures, memory } = table();
    const other = new FailureTable(memory);
    for (const each of [failures, other, failures, other]) each.add("10.0.0.1");
    expect(other.isLocked("10.0.0.1")).toBe(false);
    expect(other.add("10.0.0.1")).toBe(failuresMax);
    expect(failures.isLocked("10.0.0.1")).toBe(true);
    expect(failures.add("10.0.0.1")).toBe(0);
  });

  test("count by the network of one customer with IPv6, and by the address with IPv4", () => {
    const { failures } = table();
    for (let host = 1; host <= failuresMax; host++) failures.add(`2001:db8:1:2::${host}`);
    expect(failures.isLocked("2001:db8:1:2:ffff::9")).toBe(true);
    expect(failures.isLocked("2001:db8:1:3::1")).toBe(false);
    for (let count = 0; count < failuresMax; count++) failures.add("::ffff:10.0.0.7");
    expect(failures.isLocked("10.0.0.7")).toBe(true);
    expect(failures.isLocked("10.0.0.8")).toBe(false);
    for (let count = 0; count < failuresMax; count++) failures.add("fe80::1%eth0");
    expect(failures.isLocked("fe80::1%eth1")).toBe(true);
  });

  test("of more addresses than there is room for push out the oldest only", () => {
    const { failures } = table();
    for (let count = 0; count < failuresMax; count++) failures.add("10.0.0.1");
    // An entry is pushed out by eight newer ones of its bucket.
    for (let host = 0; host < 1000; host++) failures.add(`172.16.${host >> 8}.${host & 255}`);
    expect(failures.isLocked("10.0.0.1")).toBe(true);
    failures.setTime(10_001_000);
    for (let host = 0; host < 12 * limits.accessAddressesMax; host++) failures.add(`x${host}`);
    expect(failures.isLocked("10.0.0.1")).toBe(false);
  });
});
