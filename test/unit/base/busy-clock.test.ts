import { expect, test } from "bun:test";
import { openBusyClock } from "../../../src/base/clock.ts";

test("the busy clock runs while the thread does, and never faster than time", () => {
  const busyMs = openBusyClock();
  const since = { wall: performance.now(), busy: busyMs() };
  while (busyMs() - since.busy < 20) {
    // Runs.
  }
  const busy = busyMs() - since.busy;
  expect(performance.now() - since.wall).toBeGreaterThan(busy - 5);
});

test("the busy clock stands still while the thread has nothing to do", async () => {
  const busyMs = openBusyClock();
  // A machine that others keep busy may hold the thread up: once is enough.
  let busy = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 20 && busy >= 200; tries++) {
    const before = busyMs();
    await Bun.sleep(300);
    busy = busyMs() - before;
  }
  expect(busy).toBeLessThan(200);
});
