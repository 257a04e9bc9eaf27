/** What receive windows promise, in sum. */
import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { ReceiveWindow, WindowGrowth } from "../../../src/http2/receive-window.ts";

const growthBytes = 8 * 1024 * 1024;

/** A window that has grown as far as it can, with all of it open. */
function grown(growth: WindowGrowth): { window: ReceiveWindow; open: number } {
  const window = new ReceiveWindow(growth, 0);
  let open: number = limits.streamWindowBytesMin;
  for (let now = 1; now < 1000; now++) {
    const bytes = open;
    window.receive(bytes);
    open += window.done(bytes, now, 1) - bytes;
  }
  return { window, open };
}

test("what a window grew by is for others only as far as its peer cannot use it any more", () => {
  const growth = new WindowGrowth(growthBytes);
  const streams = Array.from({ length: 4 }, () => {
    const { window, open } = grown(growth);
    // Its reader stands still, and all comes that may come.
    expect(window.receive(open)).toBe(true);
    window.shrink();
    return window;
  });
  const held = streams.reduce((sum, window) => sum + window.held, 0);
  expect(held).toBeLessThanOrEqual(growthBytes + streams.length * limits.streamWindowBytesMin);
  for (const window of streams) window.close();
  expect(growth.take(growthBytes)).toBe(true);
  expect(growth.take(1)).toBe(false);
});
