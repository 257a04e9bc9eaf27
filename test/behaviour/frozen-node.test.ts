/** A node whose process is stopped for a while (SIGSTOP): it goes on where it was. */
import { expect, test } from "bun:test";
import { limits } from "../../src/config/limits.ts";
import { encodeBatch } from "../support/encode-batch.ts";
import { connectAcrossShards } from "../support/shards.ts";
import { startProcessor } from "../support/weir-process.ts";

test("no shard is taken for dead, no hunter for silent, no connection is closed", async () => {
  const node = await startProcessor(["--workers", "3", "--stats-interval", "1s"]);
  const hunters = await connectAcrossShards(node, 4);
  const packets = [{ data: new Uint8Array(60) }];
  const send = async (): Promise<void> => {
    const acks = hunters.map((hunter, number) => {
      const sequence = BigInt(hunter.sent + 1);
      hunter.send(encodeBatch({ hunterId: `h${number}`, sequence, packets }));
      return hunter.waitAcks(Number(sequence));
    });
    await Promise.all(acks);
  };
  await send();
  node.kill("SIGSTOP");
  // Longer than shards may be silent.
  await Bun.sleep(limits.threadSilenceMsMax + 2000);
  node.kill("SIGCONT");
  await node.waitFor("node-frozen");
  await send();
  // Long enough for the look after the shards, and for the one after that.
  const seen = node.lines.length;
  for (let line = 0; line < 5; line++) await node.waitFor("node-stats", () => true, seen + line);
  await send();
  expect(node.latest("node-shard-hung")).toBeUndefined();
  expect(hunters.every(({ end }) => end === undefined)).toBe(true);
  for (const hunter of hunters) hunter.close();
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
}, 300_000);
