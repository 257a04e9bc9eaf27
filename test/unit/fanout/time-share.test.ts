import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { TimeShare } from "../../../src/fanout/time-share.ts";

test("live views get their share of the time, however much they would take", () => {
  let now = 0;
  const share = new TimeShare(() => now);
  let spent = 0;
  // The rest of each millisecond is ingest.
  while (now < 10_000) {
    if (share.begin()) {
      now += 3;
      spent += 3;
      share.spend();
    }
    now += 1;
  }
  expect(spent / now).toBeGreaterThan(limits.fanoutTimeShareMax * 0.95);
  expect(spent / now).toBeLessThan(limits.fanoutTimeShareMax * 1.05);
});

test("time that was not used is saved up to a bound", () => {
  let now = 0;
  const share = new TimeShare(() => now);
  now += 60_000;
  expect(share.begin()).toBe(true);
  now += limits.fanoutSavedMsMax * 3;
  expect(share.spend()).toBe(false);
  expect(share.begin()).toBe(false);
  now += share.wait();
  expect(share.begin()).toBe(true);
});
