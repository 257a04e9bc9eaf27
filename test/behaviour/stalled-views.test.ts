/** A hundred live views that read nothing: memory is bounded, no packet is lost, others go on. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";

const crowd = 100;
/** Of each of four hunters, 90 KB each: more than waits for a live view. */
const batches = 120;

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  test("a hundred live views stand still", async () => {
    const file = join(scratchDirectory(), "hundred.pcapng");
    const most = ["--max-subscribers", String(crowd + 1)];
    const node = await startProcessor(["--workers", String(workers), "-w", file, ...most]);
    const streams = await connectAcrossShards(node, 4);
    const rssBefore = node.rssBytes();
    const view = new MockSubscriber(node.address, { clientId: "quick" });
    const stuck = Array.from({ length: crowd }, () => {
      const other = new MockSubscriber(node.address, { clientId: "stuck" });
      other.stall();
      return other;
    });
    await node.waitFor("node-stats", ({ subscribers }) => subscribers === crowd + 1);
    const hunters = streams.map((stream, number) => new BusyHunter(stream, { number, size: 1400 }));
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(batches)));
    await node.waitFor("fanout-subscriber-slow", ({ client }) => client === "stuck");
    const held = limits.fanoutQueuedBytesMax + 2 * limits.fanoutUnreadBytesMax;
    expect(node.rssBytes() - rssBefore).toBeLessThan(held);
    // Who reads still sees what comes, of every hunter.
    const seen = hunters.map(({ id }) => view.sequencesOf(id).length);
    await view.until(() =>
      hunters.every(({ id }, index) => view.sequencesOf(id).length > (seen[index] ?? 0)),
    );
    await Promise.all(hunters.map((hunter) => hunter.finish()));
    for (const other of [...stuck, view]) other.close();
    for (const stream of streams) stream.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    const sent = hunters.reduce((sum, hunter) => sum + hunter.sent * hunter.packets, 0);
    expect(checkRecorded(file, hunters)).toBe(sent);
    checkAccounts(node);
  });
});
