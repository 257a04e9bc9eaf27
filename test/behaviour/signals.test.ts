/** Signals that do not stop a node: SIGUSR1 reports, SIGUSR2 syncs, others do nothing. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeBatch } from "../support/encode-batch.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { injecting, noStrace } from "../support/strace.ts";
import { scratchDirectory, startProcessor } from "../support/weir-process.ts";

test("SIGUSR1 logs counters and files, SIGUSR2 syncs, and the node goes on", async () => {
  const path = join(scratchDirectory(), "x.pcapng");
  const node = await startProcessor(["-w", path, "--no-stats"]);
  const hunter = new MockHunter(node.address);
  const packets = [{ data: new Uint8Array(60) }];
  hunter.send(encodeBatch({ hunterId: "one", sequence: 1n, packets }));
  await hunter.waitAcks(1);
  for (const signal of ["SIGALRM", "SIGVTALRM", "SIGIO"] as const) node.kill(signal);
  node.kill("SIGUSR1");
  expect(await node.waitFor("node-stats")).toMatchObject({ received: 1 });
  expect((await node.waitFor("record-files")).message).toContain(`${path} (1 packet, `);
  node.kill("SIGUSR2");
  expect((await node.waitFor("record-synced")).message).toContain(path);
  hunter.send(encodeBatch({ hunterId: "one", sequence: 2n, packets }));
  await hunter.waitAcks(2);
  hunter.close();
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
});

test("without recording there is no file to report", async () => {
  const node = await startProcessor(["--no-stats"]);
  node.kill("SIGUSR2");
  node.kill("SIGUSR1");
  expect(await node.waitFor("node-stats")).toMatchObject({ received: 0 });
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
});

test.skipIf(noStrace !== "")(
  "a disk that does not sync is told, and the node goes on",
  async () => {
    const path = join(scratchDirectory(), "x.pcapng");
    const node = await startProcessor(["-w", path, "--no-stats"], {
      under: injecting([path], ["fdatasync:error=EIO"]),
    });
    node.kill("SIGUSR2");
    expect((await node.waitFor("record-not-synced")).message).toContain("EIO");
    const hunter = new MockHunter(node.address);
    hunter.send(
      encodeBatch({ hunterId: "one", sequence: 1n, packets: [{ data: new Uint8Array(60) }] }),
    );
    await hunter.waitAcks(1);
    hunter.close();
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
  },
);
