/** Clients that stop in the middle of a huge message: what they can make the node hold is bounded. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../src/config/limits.ts";
import { BusyHunter, checkRecorded, unhurried } from "../support/busy-hunter.ts";
import { messagePrefix, type RawCall, RawConnection } from "../support/raw-connection.ts";
import {
  connectAcrossShards,
  sampledWorkerCounts,
  shardStreams,
  shardsInUse,
} from "../support/shards.ts";
import {
  checkAccounts,
  type LogLine,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const mebibyte = 1024 * 1024;
const streams = 100;
const announced = 30 * mebibyte;
const deadlineExceeded = 4;
const resourceExhausted = 8;

/** Bytes of large messages that a node holds half received. */
function largeBytes(workers: number): number {
  return Math.max(limits.largeMessagesBytesMax, workers * limits.messageBytesMax);
}

/** Sends all but the last MiB of the message, as far as the node reads. */
async function sendHalf(call: RawCall): Promise<void> {
  call.write(messagePrefix(announced));
  const chunk = Buffer.alloc(256 * 1024, 0x55);
  for (let sent = 0; sent < announced - mebibyte; sent += chunk.length) {
    if (call.end !== undefined) return;
    if (call.write(chunk)) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    call.stream.once("drain", resolve);
    await Promise.race([promise, call.waitEnd()]);
  }
}

/** On as many shards as the kernel gives them, at least two when there are several. */
async function openHalfMessages(node: RunningProcessor, before: number): Promise<RawCall[]> {
  // A connection each: the client of this test sends no faster than the slowest stream of one.
  const calls = Array.from({ length: streams }, () => new RawConnection(node.address).call());
  const fits = (count: number): boolean => count === before + streams;
  const line = await node.waitFor("node-stats", ({ streams: open }) => fits(Number(open)));
  expect(shardsInUse(line)).toBeGreaterThanOrEqual(Math.min(shardStreams(line).length, 2));
  return calls;
}

describe("a hundred streams that stop in the middle of a 30 MiB message", () => {
  test.concurrent.each(sampledWorkerCounts(1))(
    "end at the deadline, and harm nobody, with --workers %d",
    async (workers) => {
      const file = `${scratchDirectory()}/half.pcapng`;
      const node = await startProcessor(["--workers", String(workers), "-w", file]);
      const others = await connectAcrossShards(node, 4);
      const hunters = others.map(
        (stream, number) =>
          new BusyHunter(stream, { number, window: 1, packets: 16, before: unhurried }),
      );
      await Promise.all(hunters.map((hunter) => hunter.waitAcked(200)));
      const rssBefore = node.rssBytes();

      const begun = performance.now();
      const calls = await openHalfMessages(node, others.length);
      for (const call of calls) void sendHalf(call);
      let rss = 0;
      let seen = hunters.map(({ acked }) => acked);
      // Those who are given the room of the first that end have the whole time once more.
      const late = Math.floor(largeBytes(workers) / announced);
      const isOver = (): boolean =>
        calls.filter(({ end }) => end === undefined).length <= late &&
        // Who waited for room may end one sweep before who had it.
        calls.some(({ end }) => end?.code === deadlineExceeded);
      while (!isOver()) {
        rss = Math.max(rss, node.rssBytes());
        // The others are answered all the while: this waits for ten more acks of each.
        const wanted = seen.map((acked) => acked + 10);
        await until(() => hunters.every(({ acked }, at) => acked >= wanted[at]!));
        seen = hunters.map(({ acked }) => acked);
      }
      const seconds = (performance.now() - begun) / 1000;
      console.log(
        `--workers ${workers}: RSS ${(rssBefore / mebibyte).toFixed(0)} -> ` +
          `${(rss / mebibyte).toFixed(0)} MiB, ended after ${seconds.toFixed(1)} s`,
      );
      expect(seconds).toBeGreaterThan(limits.messageStallMsMax / 1000);
      const ended = calls.filter(({ end }) => end !== undefined);
      const codes = ended.map(({ end }) => end!.code);
      expect([...new Set(codes)].sort()).toEqual([deadlineExceeded, resourceExhausted]);
      for (const { stream } of calls) stream.session?.destroy();
      const open = ({ streams: count }: LogLine): boolean => count === others.length;
      await node.waitFor("node-stats", open, node.lines.length);
      // What may be held, and beside it what each shard's collector has not yet taken.
      const held = largeBytes(workers) + streams * limits.streamWindowBytesMin;
      const garbage = (64 + 32 * workers) * mebibyte;
      expect(rss - rssBefore).toBeLessThan(held + garbage);
      await Promise.all(hunters.map((hunter) => hunter.finish()));
      node.kill("SIGTERM");
      expect((await node.ended).code).toBe(0);
      for (const stream of others) stream.close();
      checkRecorded(file, hunters);
      checkAccounts(node);
    },
    120_000,
  );
});
