/** Many hunters at once, on connections of their own and multiplexed on one stream. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MockHunter } from "../support/mock-hunter.ts";
import { numberedBatch, readMark } from "../support/numbered-packets.ts";
import { readCapture } from "../support/read-capture.ts";
import { connectAcrossShards, sampledWorkerCounts, shardsInUse } from "../support/shards.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";

const alone = 100;
const together = 60;
const batches = 10;
const packets = 16;
const links = ["eth0", "wlan0", ""] as const;

/** Batch `index` of a hunter; the interface changes from batch to batch. */
function batchOf(hunter: number, index: number): Uint8Array {
  return numberedBatch({
    hunterId: `site ${hunter}`,
    hunter,
    first: index * packets,
    packets,
    sequence: index + 1,
    interfaceName: links[index % links.length] ?? "",
  });
}

describe.each(sampledWorkerCounts(3))("many hunters with --workers %d", (workers) => {
  test("have each packet under their own name and interface", async () => {
    const file = join(scratchDirectory(), "hundred.pcapng");
    const node = await startProcessor(["--workers", String(workers), "-w", file]);
    const hunters = await connectAcrossShards(node, alone);
    const shared = new MockHunter(node.address);
    for (let index = 0; index < batches; index++) {
      for (const [hunter, stream] of hunters.entries()) stream.send(batchOf(hunter, index));
      // A processor below us sends the batches of its hunters as they come; numbers repeat.
      for (let hunter = alone; hunter < alone + together; hunter++) {
        await shared.sendPaced(batchOf(hunter, index));
      }
    }
    await Promise.all(hunters.map((stream) => stream.waitAcks(batches)));
    await shared.waitAcks(batches * together);
    const expected = Array.from({ length: batches }, (_, index) => BigInt(index + 1));
    for (const { acks } of hunters) expect(acks.map(({ sequence }) => sequence)).toEqual(expected);
    expect(shared.acks.map(({ sequence }) => sequence)).toEqual(
      expected.flatMap((sequence) => Array.from({ length: together }, () => sequence)),
    );
    const all = alone + together;
    const total = all * batches * packets;
    const line = await node.waitFor("node-stats", ({ hunters: known }) => known === all);
    expect(shardsInUse(line)).toBeGreaterThanOrEqual(Math.min(workers, 2));
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    for (const stream of [...hunters, shared]) stream.close();

    const capture = readCapture(file);
    expect(capture.packets.length).toBe(total);
    expect(capture.interfaces).toBe(all * links.length);
    const next = new Map<string, number>();
    for (const packet of capture.packets) {
      const { hunter, number } = readMark(packet.bytes);
      const link = links[Math.floor(number / packets) % links.length] || "if0";
      const place = `${packet.hunter} ${packet.interface}`;
      if (place !== `site ${hunter} ${link}`) throw new Error(`${hunter}.${number} in ${place}`);
      // In the order of its stream.
      if (number !== (next.get(packet.hunter) ?? 0)) throw new Error(`${hunter}.${number}: order`);
      next.set(packet.hunter, number + 1);
    }
    expect(next.size).toBe(all);
    checkAccounts(node);
  });
});
