/** Space that a user may not have, although the disk has it: a quota, and the longest file of a process. */
import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from "../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { capturesIn } from "../support/numbered-capture.ts";
import { sampled } from "../support/run-size.ts";
import { ServerStream } from "../support/server-stream.ts";
import { connectAcrossShards } from "../support/shards.ts";
import { noReservingDisk, SmallDisk } from "../support/small-disk.ts";
import { injecting, noStrace } from "../support/strace.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

const hunters = 3;
const batches = 120;
const packets = hunters * batches * 64;
const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;

if (noStrace !== "") console.log(`a quota is skipped: ${noStrace}`);
if (noReservingDisk !== "") console.log(`reserved blocks are skipped: ${noReservingDisk}`);

const asNobody =
  Bun.which("setpriv") === null
    ? undefined
    : ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

async function load(node: RunningProcessor, path: string) {
  const streams = await connectAcrossShards(node, hunters);
  const busy = streams.map((stream, number) => new BusyHunter(stream, { number, batches }));
  const finish = async () => {
    await Promise.all(busy.map((hunter) => hunter.waitAcked(batches)));
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    for (const stream of streams) stream.close();
    checkAccounts(node);
    const files = capturesIn(dirname(path));
    expect(checkRecorded(files, busy)).toBe(packets);
    return files;
  };
  return { streams, finish };
}

describe.each(sampled("second file formats", ["pcapng", "pcap"]))("%s", (extension) => {
  test.skipIf(noStrace !== "")(
    "a quota that is used up is waited for, in the same file",
    async () => {
      const path = join(scratchDirectory(), `x.${extension}`);
      const under = injecting([path], ["write:error=EDQUOT:when=6..9"]);
      const node = await startProcessor(["-w", path], { under });
      const health = new ServerStream(node.address, Health.method.watch, { service: "" });
      const { streams, finish } = await load(node, path);
      await node.waitFor("record-stalled", ({ message }) => message.includes("EDQUOT"));
      const { FLOW_PAUSE, FLOW_RESUME } = FlowControl;
      await Promise.all(streams.map((stream) => stream.told(FLOW_PAUSE)));
      await health.until(() => health.messages.some(({ status }) => status === NOT_SERVING));
      await node.waitFor("record-resumed");
      await Promise.all(streams.map((stream) => stream.told(FLOW_RESUME)));
      await health.until(() => health.messages.at(-1)?.status === SERVING);
      health.close();
      expect(await finish()).toEqual([path]);
    },
  );

  test.skipIf(noReservingDisk !== "" || asNobody === undefined)(
    "what an ext4 keeps for root is not there for others",
    async () => {
      const disk = SmallDisk.reserving(48_000_000);
      try {
        const release = disk.occupy(Math.max(0, disk.freeBytes - 1_000_000));
        const path = join(disk.directory, `x.${extension}`);
        const node = await startProcessor(["-w", path], { under: asNobody!, cwd: "/" });
        const { streams, finish } = await load(node, path);
        const stalled = await node.waitFor("record-stalled");
        expect(stalled.message).toContain("ENOSPC");
        expect(Number(stalled["freeBytes"])).toBeLessThan(1_000_000);
        const { FLOW_PAUSE } = FlowControl;
        await Promise.all(streams.map((stream) => stream.told(FLOW_PAUSE)));
        release();
        expect(await finish()).toEqual([path]);
      } finally {
        disk.remove();
      }
    },
  );

  test.skipIf(Bun.which("prlimit") === null)(
    "ulimit -f: files that became too long go on in others",
    async () => {
      const path = join(scratchDirectory(), `x.${extension}`);
      const most = 1_000_000;
      const node = await startProcessor(["-w", path], { under: ["prlimit", `--fsize=${most}`] });
      const { finish } = await load(node, path);
      const files = await finish();
      expect(files.length).toBeGreaterThanOrEqual(3);
      for (const file of files) expect(Bun.file(file).size).toBeLessThanOrEqual(most);
      expect(node.latest("record-file-given-up")?.message).toContain("EFBIG");
    },
  );
});
