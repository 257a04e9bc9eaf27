import { expect, test } from "bun:test";
import { TimeSplit } from "../../../src/capture-format/pcap-time.ts";

const billion = 1_000_000_000n;

function check(time: TimeSplit, nanoseconds: bigint): void {
  time.split(Number(nanoseconds >> 32n), Number(nanoseconds & 0xffff_ffffn));
  const wanted = nanoseconds / billion;
  if (wanted > 0xffff_ffffn) {
    expect([time.seconds, time.nanoseconds]).toEqual([0xffff_ffff, 999_999_999]);
    return;
  }
  expect(time.seconds).toBe(Number(wanted));
  expect(time.nanoseconds).toBe(Number(nanoseconds % billion));
}

test("nanoseconds split at every edge as with big integers", () => {
  const time = new TimeSplit();
  const edges = [0n, billion, 1n << 32n, 1n << 48n, 1n << 53n, 1n << 62n, 1n << 63n];
  edges.push(0xffff_ffffn * billion, 0x1_0000_0000n * billion, 1_700_000_000n * billion);
  for (const edge of edges) {
    for (let delta = -3n; delta <= 3n; delta++) {
      const value = edge + delta;
      if (value >= 0n) check(time, value);
    }
  }
});

test("every second's last and first nanosecond, over several high words", () => {
  const time = new TimeSplit();
  for (let second = 1_699_999_990n; second < 1_700_000_020n; second++) {
    check(time, second * billion - 1n);
    check(time, second * billion);
  }
});

test("any high word", () => {
  const time = new TimeSplit();
  for (let step = 0n; step < 5000n; step++) check(time, (step * 0x1234_5678_9abc_def1n) >> 3n);
});
