/** What a node does after 30 s without anything to do. */
import { expect, test } from "bun:test";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { startProcessor } from "../support/weir-process.ts";

test("an idle live view gets an empty batch, and stays", async () => {
  const node = await startProcessor(["--workers", "2"]);
  const idle = new MockSubscriber(node.address);
  await idle.until(() => idle.batches.length > 0);
  expect(idle.batches[0]).toMatchObject({ hunterId: "", packets: [] });
  expect(idle.end).toBeUndefined();
  idle.close();
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
}, 300_000);
