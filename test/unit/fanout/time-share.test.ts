import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { TimeShare } from "../../../src/fanout/time-share.ts";

/** Share of ten seconds that live views get when they would take all, and ingest `ingestMs` of each turn. */
function shareWhen(ingestMs: number, idleMs: number): number {
  let now = 0;
  let busy = 0;
  const share = new TimeShare({ now: () => now, busy: () => busy });
  let spent = 0;
  while (now < 10_000) {
    if (share.begin() > 0) {
      now += 1;
      busy += 1;
      spent += 1;
      share.spend();
    }
    now += ingestMs + idleMs;
    busy += ingestMs;
  }
  return spent / now;
}

test("live views get their share of a busy thread's time, however much they would take", () => {
  const share = shareWhen(0.5, 0);
  expect(share).toBeGreaterThan(limits.fanoutTimeShareMax * 0.95);
  expect(share).toBeLessThan(limits.fanoutTimeShareMax * 1.05);
});

test("they get more while the thread has nothing else to do", () => {
  expect(shareWhen(0.1, 1)).toBeGreaterThan(limits.fanoutTimeShareMax * 1.3);
});

test("time that was not used is saved up to a bound", () => {
  let now = 0;
  const share = new TimeShare({ now: () => now, busy: () => now });
  now += 60_000;
  expect(share.begin()).toBeGreaterThan(0);
  let steps = 0;
  do {
    now += limits.fanoutChargeMsMax;
    steps++;
  } while (share.spend() > 0);
  expect(steps).toBe(limits.fanoutSavedMsMax / limits.fanoutChargeMsMax);
});

test("a step that was interrupted for long is not charged whole", () => {
  let now = 0;
  const share = new TimeShare({ now: () => now, busy: () => now });
  expect(share.begin()).toBeGreaterThan(0);
  now += 1000;
  expect(share.spend()).toBeGreaterThan(0);
});
