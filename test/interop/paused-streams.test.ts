/**
 * As many hunters as the node takes send until their windows are used up, while the recorder stands still:
 * memory stays bounded, and when the recorder goes on, all of it is acknowledged and recorded.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { GoProgram } from "../support/go-program.ts";
import { JsonProgram } from "../support/json-program.ts";
import { sampled } from "../support/run-size.ts";
import {
  checkAccounts,
  nextStats,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const program = new GoProgram(join(import.meta.dir, "grpc-go"));
const directory = scratchDirectory();
/** Freed memory that the process keeps (docs/decisions/0014-keep-freed-pages.md), and what is not collected yet. */
const spareBytes = 110_000_000;

const reason = program.obstacle;
if (reason !== "") console.log(`skipped: paused streams (${reason})`);

beforeAll(async () => {
  if (reason === "") await program.build();
}, 180_000);
const started: { kill(signal: "SIGKILL"): void }[] = [];
afterAll(() => {
  for (const one of started) one.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

interface Line {
  readonly event?: string;
  readonly error?: string;
  readonly batches?: number;
  readonly acks?: number;
  readonly packets?: number;
}

/** Packets of a batch, bytes of a packet, batches of a stream: each more than window and queue take. */
const loads = [
  ["batches of 90 KB", 64, 1400, 4],
  ["batches of 6 KB", 64, 64, 40],
  ["batches of 125 KB", 85, 1400, 3],
] as const;

describe.skipIf(reason !== "")(`${limits.streamsMax} paused streams`, () => {
  test.each(sampled("sizes of batches", loads))(
    "%s: they take little memory, and go on",
    async (_name, packets, size, batches) => {
      const file = join(directory, `${packets}-${size}.pcapng`);
      const node = await startProcessor(["--workers", "1", "-w", file], {
        binary: "faults",
        env: { WEIR_FAULT: "recorder-stall=600000" },
      });
      started.push(node.child);
      const toggleStall = async () => {
        const from = node.lines.length;
        node.kill("SIGUSR2");
        await node.waitFor("node-fault", () => true, from);
      };
      const rssBefore = node.rssBytes();
      await toggleStall();
      const numbers = { streams: limits.streamsMax, packets, size, batches };
      const flags = Object.entries(numbers).flatMap(([name, value]) => [`-${name}`, `${value}`]);
      const command = [program.path, "-scenario", "crowd", "-address", node.address, ...flags];
      const crowd = new JsonProgram(command);
      started.push(crowd);
      let last: Line = {};
      let rssOpen = 0;
      for await (const line of crowd.lines as AsyncIterable<Line>) {
        last = line;
        if (line.event === "open") rssOpen = node.rssBytes();
        if (line.event !== "filled") continue;
        const { received, streams } = await nextStats(node);
        const rss = node.rssBytes();
        const mega = (bytes: number) => (bytes / 1e6).toFixed(0);
        const perStream = ((rss - rssBefore) / limits.streamsMax / 1000).toFixed(0);
        console.log(
          `${packets} packets of ${size} bytes: ${received} received, ${streams} streams; ` +
            `RSS ${mega(rssBefore)}, open ${mega(rssOpen)}, filled ${mega(rss)} MB, ${perStream} kB a stream`,
        );
        // The message that had begun to come when the recorder stopped, and the window behind it.
        const each =
          Math.min(packets * size, limits.smallMessageBytesMax) + limits.streamWindowBytesMin;
        const held = limits.recordRingBytes + limits.streamsMax * each;
        expect(rss).toBeLessThan(rssOpen + held + spareBytes);
        await toggleStall();
      }
      expect(last.error).toBe("");
      expect(last.batches).toBe(limits.streamsMax * batches);
      expect(last.acks).toBe(limits.streamsMax * batches);
      node.kill("SIGTERM");
      expect((await node.ended).code).toBe(0);
      expect(node.latest("node-stats")?.["written"]).toBe(last.packets as number);
      checkAccounts(node);
      rmSync(file);
    },
    120_000,
  );
});
