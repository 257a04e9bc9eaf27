/** What live views cost ingest, and what they get of it. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  MonitoringService,
  type NodeStatus,
} from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { connect } from "../support/mock-hunter.ts";
import { MockSubscriber } from "../support/mock-subscriber.ts";
import { unaryRpc } from "../support/unary-call.ts";
import { type RunningProcessor, until } from "../support/weir-process.ts";
import { writePcap } from "./body.ts";
import { batches, job, packets, print, scratch, start, stop, summary } from "./node.ts";

const pairs = 7;

/** 16 live views without a filter on the one-stream load at full speed, against the time without. */
export async function liveViews(): Promise<void> {
  const views = 16;
  const { node, path } = await start(1);
  await job(node);
  const alone: number[] = [];
  const watched: number[] = [];
  const least: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    alone.push((await job(node)).seconds);
    const readers = await watch(node, views);
    watched.push((await job(node)).seconds);
    const got = await settled(node, views);
    least.push(Math.min(...got.map(({ sent }) => sent)) / batches);
    await readers.stop();
  }
  await stop(node);
  rmSync(path);
  const ratios = watched.map((seconds, pair) => seconds / (alone[pair] as number));
  print(`${views} live views of everything on the one-stream load, ${pairs} pairs`);
  print(`  time             ${summary(watched)} s, alone ${summary(alone)} s`);
  print(`  time / alone     ${summary(ratios)}      (at most 1.5)`);
  const shares = least.map((share) => share * 100);
  print(`  least share      ${summary(shares, 0)} % of the batches      (at least 20)\n`);
}

/** The same at a tenth of the rate that the node takes without them. */
export async function tenthOfTheLoad(): Promise<void> {
  const views = 16;
  const { node, path } = await start(1);
  await job(node);
  const alone = (await job(node)).seconds;
  const rate = Math.round(packets / alone / 10);
  const capture = join(scratch, "tenth.pcap");
  writePcap(capture, 64_000);
  const readers = await watch(node, views);
  const send = async (seconds: number): Promise<void> => {
    const loops = String(Math.max(1, Math.round((rate * seconds) / 64_000)));
    const sender = Bun.spawn(
      [
        join(import.meta.dir, "../../dist/weir"),
        ...["hunt", "--insecure", "-P", node.address, "--read", capture, "--progress", "none"],
        ...["--rate", String(rate), "--loop", loops],
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    await sender.exited;
  };
  const sum = (all: readonly { sent: number; lost: number }[], what: "sent" | "lost") =>
    all.reduce((total, view) => total + view[what], 0);
  // Windows of new connections open, and readers are compiled, within the first second.
  await send(1);
  const before = await settled(node, views);
  await send(5);
  const got = await settled(node, views);
  await readers.stop();
  await stop(node);
  rmSync(path);
  const sent = sum(got, "sent") - sum(before, "sent");
  const lost = sum(got, "lost") - sum(before, "lost");
  print(`${views} live views at a tenth of the load, ${rate} packets/s for 5 s`);
  print(`  batches          ${sent} sent, ${lost} lost      (none lost)`);
  print(`  in the 1st second ${sum(before, "lost")} lost\n`);
}

/** 100 live views that read nothing. */
export async function stalledViews(): Promise<void> {
  const { node, path } = await start(1);
  await job(node);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const alone = (await job(node)).seconds;
    const views = Array.from({ length: 100 }, () => {
      const view = new MockSubscriber(node.address);
      view.stall();
      return view;
    });
    await until(async () => (await nodeStatus(node)).subscribers.length === views.length);
    // Fills what they have.
    await job(node);
    ratios.push((await job(node)).seconds / alone);
    for (const view of views) view.close();
    await until(async () => (await nodeStatus(node)).subscribers.length === 0);
  }
  await stop(node);
  rmSync(path);
  print(`100 live views that read nothing, ${pairs} pairs`);
  print(`  time / alone     ${summary(ratios)}      (at most 1.05)\n`);
}

interface Readers {
  stop(): Promise<void>;
}

/** Live views in a process of their own, so that the bench does not read what it measures. */
export async function watch(node: RunningProcessor, count: number): Promise<Readers> {
  const script = join(import.meta.dir, "readers.ts");
  const child = Bun.spawn([process.execPath, script, node.address, String(count)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until(async () => (await nodeStatus(node)).subscribers.length === count);
  return {
    async stop() {
      child.kill();
      await child.exited;
      await until(async () => (await nodeStatus(node)).subscribers.length === 0);
    },
  };
}

/** What each live view got and lost, once nothing waits any more. */
export async function settled(
  node: RunningProcessor,
  count: number,
): Promise<{ sent: number; lost: number }[]> {
  let before = -1;
  for (;;) {
    // Shards report once a second.
    await Bun.sleep(1200);
    const { subscribers } = await nodeStatus(node);
    const all = subscribers.map(({ batchesSent, batchesDropped, batchesQueued }) => ({
      sent: Number(batchesSent),
      lost: Number(batchesDropped),
      queued: Number(batchesQueued),
    }));
    const sum = all.reduce((total, { sent }) => total + sent, 0);
    const isQuiet = all.every(({ queued }) => queued === 0) && sum === before;
    if (isQuiet && all.length === count) return all;
    before = sum;
  }
}

export async function nodeStatus(node: RunningProcessor): Promise<NodeStatus> {
  const client = connect(node.address);
  try {
    return await unaryRpc(client, MonitoringService.method.getNodeStatus, {});
  } finally {
    client.close();
  }
}
