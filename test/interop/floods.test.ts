/**
 * One flood on one connection: its end within a second with GOAWAY that names it, and what it costs the
 * node. And the clients that must not be taken for a flood. The attacks are in hostile/, in Go; hostile.test.ts
 * runs them beside hunters.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type AttackResult,
  attack,
  attacker,
  endAttacks,
  enhanceYourCalm,
} from "../support/attacker.ts";
import { isFullRun, leftOut } from "../support/run-size.ts";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const closedWithinMs = 1000;
/** A tenth of a core, within the second that a flood may last. */
const processorMsMax = 100;
const againSeconds = 2;

const reason = attacker.obstacle;
if (reason !== "") console.log(`skipped: floods (${reason})`);

/** Floods by what the node says of them. */
const floods = [
  ["rapid-reset", "too many streams that were reset"],
  ["calls", "too many streams that had to be reset"],
  ["made-you-reset", "too many streams that had to be reset"],
  ["open-streams", "too many streams that had to be reset"],
  ["header-lists", "too many header lists that are too long"],
  ["big-continuations", "too many CONTINUATION frames of one header block"],
  ["empty-continuations", "too many CONTINUATION frames of one header block"],
  ["pings", "too many PING frames"],
  ["settings", "too many SETTINGS frames"],
  ["empty-data", "too many DATA frames without data"],
  ["small-data", "too many DATA frames without data"],
  ["window-updates", "too many WINDOW_UPDATE frames"],
  ["priorities", "too many PRIORITY frames"],
  ["unknown-frames", "too many frames of unknown types"],
] as const;

describe.skipIf(reason !== "")("a node that does nothing else", () => {
  let node: RunningProcessor;

  const run = (name: string, lasts: string, ...more: string[]): Promise<AttackResult> =>
    attack(node, name, ["-lasts", lasts, ...more]);

  beforeAll(async () => {
    await attacker.build();
    node = await startProcessor(["--workers", "1", "--stats-interval", "1s"]);
    // What runs for the first time is slower: the floods are measured behind it.
    for (const [name] of floods) await run(name, "2s");
  }, 180_000);
  afterAll(() => {
    endAttacks();
    node.kill("SIGKILL");
  });

  test.each(floods)("%s: %s", async (name, says) => {
    const before = node.processorMs();
    const result = await run(name, "2s");
    const used = node.processorMs() - before;
    console.log(`${name}: closed after ${result.milliseconds} ms, ${used} ms of processor time`);
    expect(result).toMatchObject({ closed: true, goAway: enhanceYourCalm, reason: says });
    expect(result.milliseconds).toBeLessThan(closedWithinMs);
    expect(used).toBeLessThanOrEqual(processorMsMax);
  });

  test("live views that are cancelled, 500 in a second, are no flood", async () => {
    const result = await run("cancelled-views", "1200ms");
    expect(result).toMatchObject({ sent: 500, closed: false, goAway: -1 });
  });

  test("a live view that gives windows back in pieces of 4 KiB is no flood", async () => {
    const result = await run("fast-view", "2s");
    console.log(`fast view: ${(result.sent / 2e6).toFixed(0)} MB/s`);
    expect(result).toMatchObject({ closed: false, goAway: -1 });
    // Many times what its budget would be without the data.
    expect(result.sent).toBeGreaterThan(40_000_000);
  });

  // What the attacker costs who begins again at once is limited by the machine alone.
  if (!isFullRun) leftOut(floods.length, "repeated floods");
  for (const [name] of isFullRun ? floods : []) {
    test(`${name}, again and again from one address: each connection is closed`, async () => {
      const before = node.processorMs();
      const { sent, refused } = await run(name, `${againSeconds}s`, "-again");
      const cores = (node.processorMs() - before) / 1000 / againSeconds;
      console.log(`${name} again: ${sent / againSeconds} connections/s, ${cores.toFixed(2)} cores`);
      // The last one may have been cut off by its own clock.
      expect(refused).toBeGreaterThanOrEqual(sent - 1);
    }, 30_000);
  }

  test("and nothing failed", async () => {
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expect(node.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});
