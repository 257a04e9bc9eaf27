/** A hunter that sends thousands of link types: a shard takes limits.linkTypesMax, ordinary ones always. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { encodeBatch, type PacketToEncode } from "../support/encode-batch.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { readCapture } from "../support/read-capture.ts";
import {
  checkAccounts,
  nextStats,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

const packet = (linkType: number): PacketToEncode => ({ data: new Uint8Array(60), linkType });

describe.each(["pcapng", "pcap"])("thousands of link types, recorded as %s", (format) => {
  test("are too many, and nobody else notices", async () => {
    const directory = mkdtempSync(join(root, format));
    const file = join(directory, `odd.${format}`);
    const node = await startProcessor(["--workers", "1", "-w", file]);
    const flood = new MockHunter(node.address);
    const other = new MockHunter(node.address);
    const packets = Array.from({ length: 5000 }, (_, index) => packet(1000 + index));
    flood.send(encodeBatch({ hunterId: "flood", packets, sequence: 1n }));
    await flood.waitAcks(1);
    const rejected = Number(/^(\d+) of 5000 packets rejected/.exec(flood.acks[0]!.error)?.[1]);
    expect(rejected).toBeGreaterThanOrEqual(5000 - limits.linkTypesMax);
    expect(flood.acks[0]!.error).toEndWith(
      `: the node takes no more than 64 link types (${rejected})`,
    );
    other.send(
      encodeBatch({
        hunterId: "other",
        packets: Array.from({ length: 10 }, () => packet(1)),
        sequence: 1n,
      }),
    );
    await other.waitAcks(1);
    expect(other.acks[0]!.error).toBe("");
    const stats = await nextStats(node);
    expect(stats["rejected_by"]).toBe(`link_types=${rejected}`);
    flood.close();
    other.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expect(node.latest("node-stopped")!["written"]).toBe(5010 - rejected);
    const names = readdirSync(directory).filter((name) => name.endsWith(format));
    const counts = names.map((name) => readCapture(join(directory, name)).packets.length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5010 - rejected);
    checkAccounts(node);
  });
});
