import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { BundlePool } from "../../../src/fanout/bundle.ts";

test("the more live views there are, the smaller is the bundle that each may stand still with", () => {
  const pool = new BundlePool();
  for (const views of [1, 100, 129, 1000, 4096]) {
    pool.expect(1, views);
    const { bytes } = pool.open(100);
    expect(bytes.length * views).toBeLessThanOrEqual(limits.fanoutUnreadBytesMax);
    expect(bytes.length).toBeGreaterThanOrEqual(limits.fanoutBundleBytesMin);
  }
});

test("the more different bundles there are, the smaller each is, and they are used again", () => {
  const pool = new BundlePool();
  for (const count of [1, 128, 200, 1000, 4096]) {
    pool.expect(count, 1);
    const first = pool.open(100);
    expect(first.bytes.length).toBeGreaterThanOrEqual(limits.fanoutBundleBytesMin);
    if (count <= 1000) {
      expect(first.bytes.length * count).toBeLessThanOrEqual(limits.fanoutOpenBytesMax / 2);
    }
    expect(pool.openBytes).toBe(first.bytes.length);
    pool.close(first);
    expect(pool.openBytes).toBe(0);
    const again = pool.open(100);
    expect(again.bytes).toBe(first.bytes);
    pool.close(again);
  }
  const one = pool.open(limits.subscriberMessageBytesMax);
  expect(one.room).toBe(limits.subscriberMessageBytesMax);
  pool.close(one);
  expect(pool.open(limits.subscriberMessageBytesMax).bytes).not.toBe(one.bytes);
});
