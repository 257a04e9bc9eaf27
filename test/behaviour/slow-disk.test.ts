/**
 * A disk that takes 200 ms for each sync and 50 ms for each write: memory stays bounded, hunters are
 * paused and resumed unprompted, live views and calls notice nothing, and nothing is lost.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter } from "../support/busy-hunter.ts";
import { encodeBatch } from "../support/encode-batch.ts";
import { ManagementClient } from "../support/management-client.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { readCapture } from "../support/read-capture.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { injecting, noStrace } from "../support/strace.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";

const hunters = 4;
/** Together 47 MB of packets: more than the recorder's queue. */
const batches = 130;
const size = 1400;
const lateMsMax = 1000;
const probed = [{ data: new Uint8Array(60) }];

/** That which 99 of 100 are not above. */
function p99(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0;
}

if (noStrace !== "") console.log(`slow-disk is skipped: ${noStrace}`);

test.skipIf(noStrace !== "").each(sampledWorkerCounts(1))(
  "a slow disk holds back hunters and nobody else, with --workers %d",
  async (workers) => {
    const path = join(scratchDirectory(), "slow.pcapng");
    const delays = ["fdatasync:delay_enter=200ms", "write:delay_enter=50ms"];
    const args = ["--workers", String(workers), "-w", path, "--ack", "synced"];
    const node = await startProcessor(args, { under: injecting([path], delays) });
    const streams = await connectAcrossShards(node, hunters);
    const probe = new MockHunter(node.address);
    const view = new MockSubscriber(node.address, { hasHunterFilter: true, hunterIds: ["probe"] });
    await node.waitFor("fanout-subscriber-joined");
    const rssBefore = node.rssBytes();
    const busy = streams.map(
      (stream, number) => new BusyHunter(stream, { number, size, window: 2048, batches }),
    );
    const { FLOW_PAUSE, FLOW_RESUME } = FlowControl;
    await Promise.all(streams.map((stream) => stream.told(FLOW_PAUSE)));

    const management = new ManagementClient(node.address);
    const calls: number[] = [];
    const views: number[] = [];
    let rss = 0;
    /** Its acks wait for the disk as all do; live views must not. */
    const probing = (async () => {
      while (busy.some((hunter) => hunter.acked < batches)) {
        const begun = performance.now();
        await management.heartbeat({ hunterId: "asking", timestampNs: 1n });
        calls.push(performance.now() - begun);
        const sequence = probe.sent + 1;
        const sent = performance.now();
        probe.send(encodeBatch({ hunterId: "probe", sequence: BigInt(sequence), packets: probed }));
        await view.until(() => view.batches.length >= sequence);
        views.push(performance.now() - sent);
        rss = Math.max(rss, node.rssBytes());
        await Bun.sleep(10);
      }
    })();
    await Promise.all(streams.map((stream) => stream.told(FLOW_RESUME)));
    await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
    await probing;
    management.close();
    view.close();

    console.log(
      `--workers ${workers}: p99 of ${calls.length} calls ${p99(calls).toFixed(0)} ms, ` +
        `live views ${p99(views).toFixed(0)} ms; RSS +${((rss - rssBefore) / 1024 ** 2).toFixed(0)} MiB`,
    );
    expect(Math.max(p99(calls), p99(views))).toBeLessThan(lateMsMax);
    const windows = hunters * (limits.connectionWindowBytes + limits.streamWindowBytesMax);
    expect(rss - rssBefore).toBeLessThan(limits.recordRingBytes + windows + 64 * 1024 ** 2);
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    for (const stream of [probe, ...streams]) stream.close();
    expect(probe.acks.length).toBe(probe.sent);
    const written = hunters * batches * 64 + probe.sent;
    expect(node.latest("node-stopped")).toMatchObject({ written, unwritten: 0 });
    expect(readCapture(path).packets.length).toBe(written);
    checkAccounts(node);
  },
);
