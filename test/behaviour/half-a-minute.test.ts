/** What a node does after 30 s; each waits for that beside the others. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { FilterClient } from "../support/filter-client.ts";
import { FilterHunter } from "../support/filter-hunter.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { scratchDirectory, startProcessor } from "../support/weir-process.ts";

test("an idle live view gets an empty batch; a hunter that reads no filter has its streams ended", async () => {
  const cwd = scratchDirectory();
  const node = await startProcessor(["--workers", "2"], { cwd });
  const client = new FilterClient(node.address);
  const idle = new MockSubscriber(node.address);
  const stuck = await FilterHunter.start(node.address, "stuck");
  const reading = await FilterHunter.start(node.address, "reading");
  const unconcerned = new MockHunter(node.address);
  stuck.stream.call.pause();
  const ids = Array.from({ length: 300 }, (_, index) => `f${index}`);
  // More than lies on the way to a hunter; what it has not been sent yet waits for it.
  for (const id of ids) await client.set(id, { pattern: `${id}${"x".repeat(16_000)}` });
  await reading.untilHeld(...ids);

  await idle.until(() => idle.batches.length > 0);
  await node.waitFor("filter-hunter-stuck");
  expect(idle.batches[0]).toMatchObject({ hunterId: "", packets: [] });
  expect(idle.end).toBeUndefined();
  stuck.stream.call.resume();
  await stuck.stream.until(() => stuck.stream.end !== undefined);
  // The status says why; when it is not read in time either, the stream is reset (ENHANCE_YOUR_CALM).
  expect([status.ABORTED, status.RESOURCE_EXHAUSTED]).toContain(stuck.stream.end?.code ?? -1);
  expect(reading.stream.end).toBeUndefined();
  expect(unconcerned.end).toBeUndefined();

  for (const one of [client, idle, stuck, reading, unconcerned]) one.close();
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
  rmSync(cwd, { recursive: true });
}, 120_000);
