/** What a shard that stands still, with live views on it, costs the ingest of another. */
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { SubscribeRequestSchema } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { subscribePacketsPath } from "../support/mock-subscriber.ts";
import { shardStreams } from "../support/shards.ts";
import {
  binaries,
  type LogLine,
  type RunningProcessor,
  startProcessor,
} from "../support/weir-process.ts";
import { writePcap } from "./body.ts";
import { print, scratch, summary } from "./node.ts";

const rounds = 5;
const views = 8;
/** Less than a shard may stand still before control ends it. */
const measuredMs = 8000;

/** A hunter on shard 1 at full speed, before and while shard 0 stands still with live views of it. */
export async function stalledShard(): Promise<void> {
  const capture = join(scratch, "stalled-shard.pcap");
  writePcap(capture, 64_000);
  const before: number[] = [];
  const during: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const node = await startProcessor(["--workers", "2"], {
      binary: "faults",
      env: { WEIR_FAULT: "shard-stall=0" },
    });
    const sender = await sendToShard1(node, capture);
    // The first seconds compile.
    await rateOver(node, 2000);
    before.push(await rateOver(node, measuredMs));
    const watcher = await watchFromShard0(node);
    node.kill("SIGUSR2");
    await node.waitFor("node-fault");
    during.push(await rateOver(node, measuredMs));
    if (node.latest("node-shard-hung") !== undefined)
      throw new Error("the shard was ended too early");
    sender.kill();
    await sender.exited;
    watcher.close();
    node.kill("SIGKILL");
    await node.ended;
  }
  const ratios = during.map((rate, round) => rate / (before[round] as number));
  const shown = (rates: readonly number[]) =>
    summary(
      rates.map((rate) => rate / 1000),
      0,
    );
  print(`a shard with ${views} live views on it stands still, ${rounds} rounds`);
  print(`  ingest of the other  ${shown(during)} thousand packets/s, before ${shown(before)}`);
  print(`  during / before      ${summary(ratios)}      (at least 0.95)\n`);
}

/** Packets that the node received a second, from one line of its counters to another. */
async function rateOver(node: RunningProcessor, ms: number): Promise<number> {
  const next = () => node.waitFor("node-stats", () => true, node.lines.length);
  const first = await next();
  const since = Date.parse(first.time);
  let last: LogLine;
  do last = await next();
  while (Date.parse(last.time) - since < ms);
  const packets = Number(last["received"]) - Number(first["received"]);
  return (packets * 1000) / (Date.parse(last.time) - since);
}

/** The kernel chooses the shard of a connection: tries until it is that one. */
async function sendToShard1(node: RunningProcessor, capture: string) {
  for (;;) {
    const sender = Bun.spawn(
      [
        binaries.all,
        ...["hunt", "--insecure", "-P", node.address, "--read", capture],
        ...["--progress", "none", "--loop", "0"],
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    const streams = shardStreams(await streamsOpen(node, 1));
    if (streams[1] === 1) return sender;
    sender.kill();
    await sender.exited;
    await streamsOpen(node, 0);
  }
}

/** Live views on a connection of which a packet stream tells the shard; they read nothing. */
async function watchFromShard0(node: RunningProcessor): Promise<MockHunter> {
  for (;;) {
    const hunter = new MockHunter(node.address);
    const streams = shardStreams(await streamsOpen(node, 2));
    if (streams[0] === 1) {
      const request = Buffer.from(toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema)));
      for (let view = 0; view < views; view++) {
        const bytes = (message: Buffer) => message;
        const call = hunter.client.makeServerStreamRequest(
          subscribePacketsPath,
          bytes,
          bytes,
          request,
        );
        call.on("error", () => {});
        await new Promise<void>((resolve) => call.once("data", () => resolve()));
        call.pause();
      }
      return hunter;
    }
    hunter.close();
    await streamsOpen(node, 1);
  }
}

function streamsOpen(node: RunningProcessor, count: number): Promise<LogLine> {
  const isThat = (line: LogLine) =>
    shardStreams(line).reduce((sum, streams) => sum + streams, 0) === count;
  return node.waitFor("node-stats", isThat, node.lines.length);
}
